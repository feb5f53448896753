"""Which test rows of an output can be judged: those whose answer the training rows could teach.

A class that no training row has cannot be learnt. On its rows the no-skill predictor, which has the training class
frequencies, is as wrong as can be, so that any less certain answer would pass for skill.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import entropy

from jointbench.metrics.quality import no_skill_error
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


def judged_no_skill_error(output: Output, train: FloatArray, test: FloatArray) -> float:
    """The no-skill predictor's error on the rows that are judged; NaN where none is. train, test: NaN where unknown.

    Where rows are left out, it is the least error of any constant answer on the others, the entropy of their classes:
    the training frequencies spare something for the classes that are left out.
    """
    judged = judged_rows(output, train, test)
    if not judged.any():
        return float("nan")
    values = test[judged]
    if unseen_classes(output, train, test):
        return float(entropy(np.bincount(values.astype(np.int64))))
    return no_skill_error(output, train[~np.isnan(train)], values)
