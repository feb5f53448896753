"""Training steps with a gradient tape and a Keras optimiser, which can be looked into between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss, make_optimizer
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.networks.initialization import epoch_order


class TapeLoop:
    """One network, its optimiser and its data; a step is one call of a traced function."""

    def __init__(self, job: Job) -> None:
        job.require_no_dropout("a loop with a gradient tape")
        self.job, self.rows = job, BatchPipeline(job)
        self.model = build(job.architecture, job.initial, job.precision)
        self.losses_of = [make_loss(kind, job.regression_loss) for kind in job.architecture.kinds]
        self.loss_weights = tf.constant(job.loss_weights, job.precision)
        self.optimizer = make_optimizer(job.recipe)
        self.optimizer.build(self.model.trainable_variables)
        rows = [tf.TensorSpec((None,), tf.int64)]
        self.step = tf.function(self._step, input_signature=rows)
        self.losses = tf.function(self._losses, input_signature=rows)

    def _losses(self, rows: Any) -> Any:
        """(outputs,): each output's mean loss on these rows, before any weight."""
        features, targets, weights = self.rows.gather(rows)
        answers = self.model(features, training=True)
        named = [(head_name(index), loss) for index, loss in enumerate(self.losses_of)]
        return tf.stack([loss(targets[name], answers[name], sample_weight=weights[name]) for name, loss in named])

    def _step(self, rows: Any) -> None:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(self._losses(rows) * self.loss_weights)
        self.optimizer.apply(tape.gradient(total, [variable.value for variable in variables]), variables)

    def batches(self, epoch: int) -> Iterator[Any]:
        order = self.job.train[epoch_order(self.job.seed, epoch, len(self.job.train))]
        size = self.job.recipe.batch_size
        return (tf.constant(order[start : start + size]) for start in range(0, len(order), size))
