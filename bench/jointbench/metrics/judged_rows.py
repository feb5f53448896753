"""Which test rows of an output can be judged: those whose answer the training rows could teach.

A class that no training row has cannot be learnt. On its rows the no-skill predictor, which has the training class
frequencies, is as wrong as can be, so that any less certain answer would pass for skill.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointbench.metrics.row_losses import constant_class_losses, no_skill_row_losses
from jointbench.types import FloatArray, Output


def judged_rows(output: Output, train: FloatArray, test: FloatArray) -> npt.NDArray[np.bool_]:
    """(test rows,): those with a label, and of a class that training saw. train, test: NaN where unknown.

    None where training saw a single class, or where only one is left beside classes that it never saw: a constant
    answer would be right on all of them.
    """
    known = ~np.isnan(test)
    if output.kind == "regression":
        return known
    seen = np.unique(train[~np.isnan(train)])
    judged = known & np.isin(test, seen)
    left = len(np.unique(test[judged]))
    return judged if len(seen) > 1 and left > (1 if judged.sum() < known.sum() else 0) else np.zeros_like(known)


def unseen_classes(output: Output, train: FloatArray, test: FloatArray) -> dict[int, int]:
    """By class code, how many test rows are of a class that no training row has."""
    if output.kind == "regression":
        return {}
    codes, counts = np.unique(test[~np.isnan(test)], return_counts=True)
    return {int(code): int(count) for code, count in zip(codes, counts, strict=True) if code not in train}


def judged_no_skill_losses(
    output: Output,
    train: FloatArray,
    test: FloatArray,
    train_weights: FloatArray | None = None,
    test_weights: FloatArray | None = None,
) -> FloatArray:
    """(test rows,): the no-skill predictor's losses on the rows that are judged, NaN on the others. train, test: NaN
    where unknown; their weights default to 1 each.

    Where rows of unseen classes are left out, they are those of the best constant answer on the rows that are judged,
    their class shares: the training frequencies spare something for the classes that are left out.
    """
    losses = np.full(len(test), np.nan)
    judged = judged_rows(output, train, test)
    if not judged.any():
        return losses
    values = test[judged]
    if unseen_classes(output, train, test):
        codes = values.astype(np.int64)
        rows = np.ones(len(codes)) if test_weights is None else test_weights[judged]
        shares = np.bincount(codes, weights=rows, minlength=len(output.classes)) / rows.sum()
        log_shares = np.log(shares, out=np.full(len(shares), -np.inf), where=shares > 0)
        losses[judged] = constant_class_losses(output.error_metric, codes, log_shares)
    else:
        known = ~np.isnan(train)
        known_weights = None if train_weights is None else train_weights[known]
        losses[judged] = no_skill_row_losses(output, train[known], values, known_weights)
    return losses


def judged_no_skill_error(
    output: Output,
    train: FloatArray,
    test: FloatArray,
    train_weights: FloatArray | None = None,
    test_weights: FloatArray | None = None,
) -> float:
    """The weighted mean of ``judged_no_skill_losses`` over the rows that are judged; NaN where none is."""
    losses = judged_no_skill_losses(output, train, test, train_weights, test_weights)
    judged = ~np.isnan(losses)
    if not judged.any():
        return float("nan")
    return float(np.average(losses[judged], weights=None if test_weights is None else test_weights[judged]))
