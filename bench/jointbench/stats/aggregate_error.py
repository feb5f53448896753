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


@dataclass(frozen=True)
class AggregateError:
    """Relative errors without a unit: 1 is no better than the training mean, 0 is perfect.

    ``fold_mean``, ``pooled``: RRMSE per output, in the outputs' order; ``average_*``: the mean over outputs (aRRMSE).
    ``folds_left_out``: per output, how many folds have no RRMSE (no labelled row, or all equal to the training mean);
    they are missing from ``fold_mean`` alone.
    """

    fold_mean: tuple[float, ...]
    pooled: tuple[float, ...]
    average_fold_mean: float
    average_pooled: float
    folds_left_out: tuple[int, ...]


def aggregate_error(error: npt.ArrayLike, no_skill: npt.ArrayLike, rows: npt.ArrayLike) -> AggregateError:
    """RRMSE and aRRMSE of regression outputs from the mean squared errors of the test predictions of every fold.

    A fold's mean squared error times its rows is its sum of squares, so pooling these is pooling the predictions.
    ``error``, ``no_skill``: (folds, outputs), mean squared error over a fold's labelled test rows of the model and of
    the training mean, in the target's unit squared; ``rows``: the same shape, how many labelled rows those are (with
    fits of several seeds, or repeats, each counts as a fold). Where rows are 0 the errors may be NaN.
    Raises ValueError for shapes that do not fit, a missing error, or an output with nothing to divide by.
    """
    count = np.asarray(rows, dtype=np.float64)
    if count.ndim != 2 or count.size == 0 or not np.shape(error) == np.shape(no_skill) == count.shape:
        raise ValueError("error, no_skill and rows must be (folds, outputs) of one shape")
    model, mean = (np.where(count > 0, np.asarray(e, dtype=np.float64), 0.0) for e in (error, no_skill))
    if not all((np.isfinite(errors) & (errors >= 0)).all() for errors in (model, mean)):
        raise ValueError("a fold with rows lacks its error, or has a negative one")
    defined = mean > 0.0
    if not defined.any(axis=0).all():
        raise ValueError("an output has no labelled row that differs from its training mean: RRMSE is undefined")
    ratio = np.divide(model, mean, out=np.zeros_like(model), where=defined)
    fold_mean = np.sqrt(ratio).sum(axis=0) / defined.sum(axis=0)
    pooled = np.sqrt((model * count).sum(axis=0) / (mean * count).sum(axis=0))
    return AggregateError(
        fold_mean=tuple(fold_mean.tolist()),
        pooled=tuple(pooled.tolist()),
        average_fold_mean=float(fold_mean.mean()),
        average_pooled=float(pooled.mean()),
        folds_left_out=tuple((~defined).sum(axis=0).tolist()),
    )
