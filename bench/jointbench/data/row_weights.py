"""What each row of a dataset weighs in an output's loss, and in the error that its skill is made of.

A loss or an error is the weighted mean over rows, so only ratios of weights matter.
"""

from __future__ import annotations

import numpy as np

from jointbench.types import Dataset, FloatArray, IntArray, Output


def output_weights(dataset: Dataset, output: Output, train: IntArray) -> FloatArray | None:
    """(all rows,): the row's own weight, times that of its class where classes are balanced; None: 1 each.

    train: row numbers of the fold's training rows, whose labels say how frequent each class is.
    """
    if output.kind == "regression" or not dataset.class_weight:
        return dataset.row_weights
    values = dataset.targets[output.name]
    known = ~np.isnan(values)
    by_class = balanced(values[train[known[train]]], len(output.classes))
    weights = np.where(known, by_class[np.nan_to_num(values).astype(np.int64)], 1.0)
    return np.asarray(weights if dataset.row_weights is None else weights * dataset.row_weights)


def balanced(codes: FloatArray, classes: int) -> FloatArray:
    """(classes,): 1 / (number of classes x the class's share of the rows), so that every class weighs the same in all
    and a row weighs 1 on average. Counted are the classes that have rows; a class without any weighs 1."""
    counts = np.bincount(codes.astype(np.int64), minlength=classes)
    present = counts > 0
    weights = np.ones(classes)
    weights[present] = len(codes) / (present.sum() * counts[present])
    return weights
