"""Inner products of the outputs' trunk gradients along training, in TensorFlow."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.tensorflow.diagnostics.loss_weighting import TapeLoop
from jointbench.types import IntArray


def trunk_gramians(job: Job, at: Sequence[int], rows: IntArray) -> TrunkGramians:
    """Trains with a tape's steps and looks at the gradients before those of ``at``."""
    loop = TapeLoop(job)
    trunk = [
        part.value
        for layer in (*job.architecture.convs, *job.architecture.trunk)
        for part in loop.model.get_layer(layer.name).trainable_variables
    ]

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64)])  # type: ignore[untyped-decorator]  # tensorflow ships no types
    def products(chosen: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            each = tf.unstack(loop.losses(chosen))
        flat = [
            tf.concat([tf.reshape(gradient, (-1,)) for gradient in tape.gradient(loss, trunk)], axis=0) for loss in each
        ]
        jacobian = tf.cast(tf.stack(flat), tf.float64)
        return tf.matmul(jacobian, jacobian, transpose_b=True)

    broad = tf.constant(rows)
    wanted, batch_made, broad_made = set(at), [], []
    for step, batch in enumerate(itertools.chain.from_iterable(map(loop.batches, itertools.count()))):
        if step in wanted:
            batch_made.append(products(batch).numpy())
            broad_made.append(products(broad).numpy())
        if step >= max(at):
            break
        loop.step(batch)
    return TrunkGramians(np.stack(batch_made), np.stack(broad_made))
