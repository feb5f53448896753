"""The loss of every single row under a metric, of which errors are means.

squared     (prediction - value)^2                              no-skill predictor: the training mean
absolute    |prediction - value|                                the training median
pinball:Q   max(Q d, (Q - 1) d), d = value - prediction          the training quantile Q (Koenker & Bassett 1978)
brier       squared distance of the class probabilities from the one-hot class, summed (Brier 1950)
log         - log of the class's probability, in nats            both: the training class frequencies
zero-one    1 where the most probable class is another           the most frequent training class
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from jointbench.metrics.metric_names import pinball_level
from jointbench.types import FloatArray, IntArray, Output


def class_frequencies(codes: FloatArray, classes: int, weights: FloatArray | None = None) -> FloatArray:
    """Relative class frequencies with one pseudo-count per class: a class without rows has a frequency above 0.

    weights: (rows,), on any scale: they count relative to their mean.
    """
    relative = None if weights is None else weights * (len(weights) / weights.sum())
    counts = np.bincount(codes.astype(np.int64), weights=relative, minlength=classes) + 1.0
    frequencies: FloatArray = counts / counts.sum()
    return frequencies


def log_probabilities(logits: FloatArray) -> FloatArray:
    """Log class probabilities (rows, classes) from logits, (rows, 1) for a binary output or (rows, classes)."""
    if logits.shape[1] == 1:
        return np.stack([-np.logaddexp(0, logits[:, 0]), -np.logaddexp(0, -logits[:, 0])], axis=1)
    result: FloatArray = log_softmax(logits, axis=1)
    return result


def row_losses(metric: str, observed: FloatArray, predicted: FloatArray) -> FloatArray:
    """(rows,): the loss of each row. observed: (rows,), values or class codes, all known. predicted: values (rows,) in
    the target's unit, or logits (rows, units)."""
    if predicted.ndim == 1:
        return _value_losses(metric, observed, predicted)
    return _class_losses(metric, observed.astype(np.int64), log_probabilities(predicted))


def no_skill_row_losses(
    output: Output, train: FloatArray, observed: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """(rows,): the same of the no-skill predictor, which knows the training values and nothing of a row's features.

    train: (training rows,), observed: (rows,), all known. weights: (training rows,), default 1 each.
    """
    metric = output.error_metric
    if output.kind == "regression":
        return _value_losses(metric, observed, np.full(len(observed), _best_constant(metric, train, weights)))
    frequencies = np.log(class_frequencies(train, len(output.classes), weights))
    return constant_class_losses(metric, observed.astype(np.int64), frequencies)


def constant_class_losses(metric: str, codes: IntArray, log_frequencies: FloatArray) -> FloatArray:
    """(rows,): the losses of one answer for all rows, (classes,)."""
    return _class_losses(metric, codes, np.broadcast_to(log_frequencies, (len(codes), len(log_frequencies))))


def _best_constant(metric: str, train: FloatArray, weights: FloatArray | None) -> float:
    """The constant with the least loss on the training values."""
    if metric == "squared":
        return float(np.average(train, weights=weights))
    level = 0.5 if metric == "absolute" else pinball_level(metric)
    if weights is None:
        return float(np.quantile(train, level, method="averaged_inverted_cdf"))  # interpolation is not the least
    return float(np.quantile(train, level, weights=weights, method="inverted_cdf"))


def _value_losses(metric: str, observed: FloatArray, predicted: FloatArray) -> FloatArray:
    residual = observed - predicted
    if metric == "squared":
        return np.asarray(residual**2)
    if metric == "absolute":
        return np.abs(residual)
    level = pinball_level(metric)
    return np.maximum(level * residual, (level - 1) * residual)


def _class_losses(metric: str, codes: IntArray, log_probability: FloatArray) -> FloatArray:
    if metric == "zero-one":
        return np.asarray(log_probability.argmax(axis=1) != codes, dtype=np.float64)
    own = log_probability[np.arange(len(codes)), codes]
    if metric == "log":
        return np.asarray(-own)
    return np.asarray((np.exp(log_probability) ** 2).sum(axis=1) - 2 * np.exp(own) + 1)
