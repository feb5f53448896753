"""RRMSE per output and aRRMSE over outputs, fold-mean and pooled; the two are not interchangeable.

Spyromitros-Xioufis et al., "Multi-target regression via input space expansion: treating targets as inputs", Machine
Learning 104 (2016): RRMSE = sqrt(sum (y - prediction)^2 / sum (y - training mean)^2) over a test set, aRRMSE its mean
over the targets. Fold-mean averages the RRMSE of each fold; pooled sums errors over all test rows first, so that small
folds with little variance weigh less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.types import FloatArray


@dataclass(frozen=True)
class AggregateError:
    """Relative errors without a unit: 1 is no better than the training mean, 0 is perfect.

    ``fold_mean``, ``pooled``: RRMSE per output, in the outputs' order; ``average_*``: the mean over outputs (aRRMSE).
    ``folds_left_out``: per output, the folds of which RRMSE is undefined (no rows with a label, or all of them equal to
    the training mean); they are missing from ``fold_mean`` alone.
    """

    fold_mean: tuple[float, ...]
    pooled: tuple[float, ...]
    average_fold_mean: float
    average_pooled: float
    folds_left_out: tuple[int, ...]


def aggregate_error(
    observed: npt.ArrayLike,
    predicted: npt.ArrayLike,
    training_mean: npt.ArrayLike,
    folds: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> AggregateError:
    """RRMSE and aRRMSE of regression outputs from the test predictions of a whole cross-validation.

    ``observed``, ``predicted``: (rows, outputs), in the targets' units, one row per prediction (with R repeats a row of
    the dataset comes R times); ``training_mean``: (rows, outputs), each row's own training fold's mean, or anything
    that broadcasts to it; ``folds``: (rows,), a label for each (repeat, fold), as integers.
    ``weights``: (rows,) or (rows, outputs), 0 = missing label (whose observed value may be NaN); default all 1.
    Raises ValueError for shapes that do not fit, weights that are negative, or an output with nothing to divide by.
    """
    y = np.asarray(observed, dtype=np.float64)
    label = np.asarray(folds)
    if y.ndim != 2 or y.size == 0 or np.shape(predicted) != y.shape or label.shape != y.shape[:1]:
        raise ValueError("observed and predicted must be (rows, outputs) of one shape, with one fold label per row")
    w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=np.float64)
    w = np.broadcast_to(w[:, None] if w.ndim == 1 else w, y.shape)
    if not (w >= 0.0).all():
        raise ValueError("weights must be 0 or above")
    error = _squares(y, predicted, w)
    no_skill = _squares(y, training_mean, w)
    if not (np.isfinite(error).all() and np.isfinite(no_skill).all()):
        raise ValueError("a row with weight above 0 lacks its observed value, its prediction or its training mean")

    distinct, index = np.unique(label, return_inverse=True)
    per_fold = [np.zeros((distinct.size, y.shape[1])) for _ in range(2)]  # error, no skill
    np.add.at(per_fold[0], index, error)
    np.add.at(per_fold[1], index, no_skill)
    defined = per_fold[1] > 0.0
    if not defined.any(axis=0).all():
        raise ValueError("an output has no labelled row that differs from its training mean: RRMSE is undefined")
    ratio = np.divide(per_fold[0], per_fold[1], out=np.zeros_like(per_fold[0]), where=defined)
    fold_mean = np.sqrt(ratio).sum(axis=0) / defined.sum(axis=0)
    pooled = np.sqrt(error.sum(axis=0) / no_skill.sum(axis=0))
    return AggregateError(
        tuple(fold_mean.tolist()),
        tuple(pooled.tolist()),
        float(fold_mean.mean()),
        float(pooled.mean()),
        tuple((~defined).sum(axis=0).tolist()),
    )


def _squares(observed: FloatArray, reference: npt.ArrayLike, weights: FloatArray) -> FloatArray:
    """Weighted squared differences (rows, outputs); exactly 0 where the weight is, whatever is missing there."""
    difference = np.subtract(
        observed, np.broadcast_to(np.asarray(reference, dtype=np.float64), observed.shape),
        out=np.zeros_like(observed), where=weights > 0.0,
    )  # fmt: skip
    return np.asarray(weights * difference**2)
