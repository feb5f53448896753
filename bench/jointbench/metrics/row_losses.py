"""The loss of every single row, of which errors are means."""

from __future__ import annotations

from typing import Literal

import numpy as np

from jointbench.metrics.quality import class_frequencies, log_probabilities
from jointbench.types import FloatArray, Output

ClassLoss = Literal["log", "brier"]


def row_losses(
    output: Output, observed: FloatArray, predicted: FloatArray, class_loss: ClassLoss = "log"
) -> FloatArray:
    """(rows,): squared error of values (rows,); for logits (rows, units) log loss in nats or the Brier score.

    The Brier score is the squared distance of the probabilities from the one-hot class, summed over the classes (Brier
    1950). observed: (rows,), values or class codes; NaN where unknown gives NaN.
    """
    if output.kind == "regression":
        return np.asarray((predicted - observed) ** 2)
    return _class_losses(observed, log_probabilities(predicted), class_loss)


def no_skill_row_losses(
    output: Output, train: FloatArray, observed: FloatArray, class_loss: ClassLoss = "log"
) -> FloatArray:
    """(rows,): the same of predicting the training mean or the training class frequencies."""
    if output.kind == "regression":
        return np.asarray((observed - train.mean()) ** 2)
    frequencies = np.log(class_frequencies(train, len(output.classes)))
    return _class_losses(observed, np.broadcast_to(frequencies, (len(observed), len(frequencies))), class_loss)


def _class_losses(observed: FloatArray, log_probability: FloatArray, class_loss: ClassLoss) -> FloatArray:
    losses = np.full(len(observed), np.nan)
    known = ~np.isnan(observed)
    codes = observed[known].astype(np.int64)
    own = log_probability[known][np.arange(len(codes)), codes]
    if class_loss == "log":
        losses[known] = -own
    else:
        probability = np.exp(log_probability[known])
        losses[known] = (probability**2).sum(axis=1) - 2 * np.exp(own) + 1
    return losses
