"""Training steps with adaptive loss weights, in TensorFlow: a gradient tape and a Keras optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.loss_weighting import (
    GRADIENT_METHODS,
    METHODS,
    UNCERTAINTY,
    WeightedSteps,
    fit_weighted,
    precision_factors,
)
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss, make_optimizer
from jointbench.backends.tensorflow.networks import build, head_name, read_weights
from jointbench.networks.initialization import epoch_order
from jointbench.types import FloatArray


def methods() -> dict[str, str | None]:
    """Every method, with the reason why it cannot run here; None where it can."""
    reason = "TorchJD, which has it, is for PyTorch alone"
    return {method: reason if method in GRADIENT_METHODS else None for method in METHODS}


class TapeLoop:
    """One network, its optimiser and its data; a step is one call of a traced function.

    The factor on each output's loss is fixed, set before each epoch, or (``uncertain``) from a log variance that is
    trained with the network and without weight decay.
    """

    def __init__(self, job: Job, uncertain: bool = False) -> None:
        self.job, self.rows = job, BatchPipeline(job)
        self.model = build(job.architecture, job.initial, job.precision)
        self.losses_of = [make_loss(kind, job.regression_loss) for kind in job.architecture.kinds]
        self.loss_weights = tf.constant(job.loss_weights, job.precision)
        self.factors = tf.Variable(tf.ones_like(self.loss_weights), trainable=False)
        self.log_variance = None
        if uncertain:
            self.precision = tf.constant(precision_factors(job), job.precision)
            self.log_variance = keras.Variable(np.zeros(len(job.loss_weights)), dtype=job.precision)
        self.variables = [*self.model.trainable_variables, *([self.log_variance] if uncertain else [])]
        self.optimizer = make_optimizer(job.recipe)
        if uncertain:
            self.optimizer.exclude_from_weight_decay([self.log_variance])
        self.optimizer.build(self.variables)
        rows = [tf.TensorSpec((None,), tf.int64)]
        self.step = tf.function(self._step, input_signature=rows)
        self.losses = tf.function(self._losses, input_signature=rows)

    def _losses(self, rows: Any) -> Any:
        """(outputs,): each output's mean loss on these rows, before any weight."""
        features, targets, weights = self.rows.gather(rows)
        answers = self.model(features, training=True)
        named = [(head_name(index), loss) for index, loss in enumerate(self.losses_of)]
        return tf.stack([loss(targets[name], answers[name], sample_weight=weights[name]) for name, loss in named])

    def objective(self, losses: Any) -> Any:
        """What a step minimises, from the losses."""
        weighted = losses * self.loss_weights * self.factors
        if self.log_variance is not None:
            variance = self.log_variance.value
            weighted = self.precision * tf.exp(-variance) * weighted + variance / 2
        return tf.reduce_sum(weighted)

    def _step(self, rows: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = self._losses(rows)
            objective = self.objective(losses)
        self.optimizer.apply(tape.gradient(objective, [variable.value for variable in self.variables]), self.variables)
        return losses

    def batches(self, epoch: int) -> Iterator[Any]:
        order = self.job.train[epoch_order(self.job.seed, epoch, len(self.job.train))]
        size = self.job.recipe.batch_size
        return (tf.constant(order[start : start + size]) for start in range(0, len(order), size))

    def factor(self, values: FloatArray) -> None:
        self.factors.assign(tf.constant(values, self.job.precision))

    def mean(self, losses: Sequence[Any]) -> FloatArray:
        return np.asarray(tf.reduce_mean(tf.stack(losses), axis=0), np.float64)

    def validate(self) -> tuple[FloatArray, float]:
        losses = self.losses(tf.constant(self.job.validation))
        return np.asarray(losses, np.float64), float(tf.reduce_sum(losses * self.loss_weights))

    def snapshot(self) -> Any:
        return self.model.get_weights()

    def restore(self, snapshot: Any) -> None:
        self.model.set_weights(snapshot)

    def read_weights(self) -> dict[str, npt.NDArray[np.floating]]:
        return read_weights(self.job.architecture, self.model)

    def predict(self) -> npt.NDArray[np.floating]:
        answers = self.model(tf.gather(self.rows.features, self.job.test), training=False)
        return np.concatenate([answers[head_name(i)].numpy() for i in range(len(self.losses_of))], axis=1)


def fit(job: Job, method: str, clock: Clock) -> Trained:
    """Trains one network with a method."""
    return fit_weighted(TapeLoop(job, method == UNCERTAINTY), method, clock)


def timed_steps(job: Job, method: str, steps: int, synchronise: Callable[[], None]) -> WeightedSteps:
    return WeightedSteps(TapeLoop(job, method == UNCERTAINTY), steps, synchronise)
