"""Inner products of the outputs' trunk gradients along training, in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.fit_loop import endless_batches
from jointbench.backends.tensorflow.diagnostics.tape_loop import TapeLoop
from jointbench.types import IntArray


def trunk_gramians(job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
    """Trains with a tape's steps; computes the inner products before each step of ``at_steps``."""
    loop = TapeLoop(job)
    trunk = [
        part.value
        for layer in (*job.architecture.convs, *job.architecture.trunk)
        for part in loop.model.get_layer(layer.name).trainable_variables
    ]

    def gramian(batch: Any) -> Any:
        """(outputs, outputs), accumulated in float64."""
        with tf.GradientTape(persistent=True) as tape:
            losses = loop.losses(batch)
        # A loop in the graph: one way back through the trunk to trace, however many outputs there are.
        gradients = tape.jacobian(losses, trunk, experimental_use_pfor=False)
        outputs = len(job.architecture.heads)
        flat = tf.concat([tf.reshape(gradient, (outputs, -1)) for gradient in gradients], axis=1)
        jacobian = tf.cast(flat, tf.float64)
        return tf.matmul(jacobian, jacobian, transpose_b=True)

    compiled_gramian = tf.function(gramian, input_signature=[tf.TensorSpec((None,), tf.int64)])
    large_batch = tf.constant(rows)
    of_batch, of_large_batch = [], []
    for step, batch in enumerate(endless_batches(loop)):
        if step in at_steps:
            of_batch.append(compiled_gramian(batch).numpy())
            of_large_batch.append(compiled_gramian(large_batch).numpy())
        if step >= max(at_steps):
            break
        loop.step(batch)
    return TrunkGramians(np.stack(of_batch), np.stack(of_large_batch))
