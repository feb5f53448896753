"""Dynamic weight average (DWA) in Keras.

An epoch's total = sum over outputs of  w L,  with L the output's weighted loss and w = outputs x softmax(r / 2), r the
quotient of its mean training losses in the two epochs before; w = 1 in the first two. No parameters are trained.
Liu, Johns & Davison, CVPR 2019. The contract suite holds its steps to PyTorch's.

The steps count themselves, so that `fit`, `train_on_batch` and a `fit` that pauses for a clock all weigh alike.
Limits: the mean loss of a small table's epoch is noisy, and so are the weights.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.weighting.dynamic_average import TEMPERATURE, UNWEIGHED


class DynamicAverage:
    """The sums of this epoch's losses and the means of the two before. Counters are floats, which every device takes."""

    def __init__(self, job: Job) -> None:
        self.steps = math.ceil(len(job.train) / job.recipe.batch_size)
        self.outputs = len(job.loss_weights)
        self.trainable: list[Any] = []

        def variable(name: str, size: int | None = None) -> Any:
            zeros = np.zeros(() if size is None else size)
            return keras.Variable(zeros, dtype=job.precision, trainable=False, name=name)

        self.sums, self.newer, self.older = (variable(name, self.outputs) for name in ("sums", "newer", "older"))
        self.step, self.epochs = variable("step"), variable("epochs")

    def __call__(self, losses: Any) -> Any:
        weights = self._weights()
        self._note(tf.stop_gradient(losses))
        return tf.reduce_sum(weights * losses)

    def _weights(self) -> Any:
        """Of this epoch, (outputs,)."""
        older = self.older.value
        rates = self.newer.value / tf.where(older > 0, older, tf.ones_like(older)) / TEMPERATURE
        return tf.where(self.epochs.value < UNWEIGHED, tf.ones_like(rates), self.outputs * tf.nn.softmax(rates))

    def _note(self, losses: Any) -> None:
        """Adds a step's losses; after the last of an epoch its mean becomes the newer one."""
        sums, step = self.sums.value + losses, self.step.value + 1
        ended = step >= self.steps
        newer = self.newer.value
        self.older.assign(tf.where(ended, newer, self.older.value))
        self.newer.assign(tf.where(ended, sums / self.steps, newer))
        self.sums.assign(tf.where(ended, tf.zeros_like(sums), sums))
        self.step.assign(tf.where(ended, tf.zeros_like(step), step))
        self.epochs.assign(self.epochs.value + tf.cast(ended, step.dtype))
