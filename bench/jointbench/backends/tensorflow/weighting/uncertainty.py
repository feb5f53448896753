"""Uncertainty weighting in Keras.

total = sum over outputs of  f exp(-s) L + s / 2,  with L the output's weighted loss, s its log variance, f 1/2 for a
regression and 1 for classes. Each s starts at 0 and is trained by the network's own optimiser, without weight decay.
Kendall, Gal & Cipolla, CVPR 2018. The contract suite holds its steps to PyTorch's.

Limits: a batch without a label of an output has L = 0 and lowers its s, which raises the output's weight.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.weighting.uncertainty import precision_factors


class Uncertainty:
    """A log variance for each output."""

    def __init__(self, job: Job) -> None:
        self.precision = tf.constant(precision_factors(job), job.precision)
        self.log_variance = keras.Variable(np.zeros(len(job.loss_weights)), dtype=job.precision, name="log_variance")
        self.trainable = [self.log_variance]

    def __call__(self, losses: Any) -> Any:
        variance = self.log_variance.value
        return tf.reduce_sum(self.precision * tf.exp(-variance) * losses + variance / 2)
