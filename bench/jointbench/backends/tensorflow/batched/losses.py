"""The losses of a stack's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from jointbench.backends.base import HUBER_DELTA, RegressionLoss
from jointbench.networks.architecture import Architecture


def regression_losses(loss: RegressionLoss, residual: Any) -> Any:
    """Each element's loss: r^2, |r|, or Huber's (1964), which is r^2 / 2 up to HUBER_DELTA and linear beyond."""
    if loss == "squared":
        return tf.square(residual)
    size = tf.abs(residual)
    if loss == "absolute":
        return size
    return tf.where(size <= HUBER_DELTA, tf.square(residual) / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))


def output_losses(
    network: Architecture, answers: Sequence[Any], targets: Any, weights: Any, regression_loss: RegressionLoss
) -> Any:
    """(slots, outputs): each output's weighted mean loss over its rows, 0 where no row counts.

    answers: per head (slots, rows, units), raw. targets, weights: (slots, rows, outputs).
    """
    means = []
    for column, (kind, answer) in enumerate(zip(network.kinds, answers, strict=True)):
        target, weight = targets[..., column], weights[..., column]
        if kind == "regression":
            loss = regression_losses(regression_loss, answer[..., 0] - target)
        elif kind == "binary":
            loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=answer[..., 0])
        else:
            chosen = tf.one_hot(tf.cast(target, tf.int32), answer.shape[-1], dtype=answer.dtype)
            loss = -tf.reduce_sum(chosen * tf.nn.log_softmax(answer), axis=-1)
        means.append(tf.math.divide_no_nan(tf.reduce_sum(loss * weight, axis=1), tf.reduce_sum(weight, axis=1)))
    return tf.stack(means, axis=1)
