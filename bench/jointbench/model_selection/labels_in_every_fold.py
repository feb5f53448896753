"""Labels of every output in every fold, where few rows have them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointbench.types import IntArray


def with_labels_in_every_fold(part: IntArray, units: IntArray, known: npt.NDArray[np.bool_], folds: int) -> IntArray:
    """The fold of each row, with single units moved to folds that have no label of an output.

    Stratified folds may lack one where few units have labels of an output and large ones were placed first. Each such
    fold takes the smallest unit that has one, from the fold that has most of them, unless that would take the last
    label of another output, or the last row, from there: then the next one, and none where there is none.

    part, units: (rows,). known: (rows, outputs), where there is a label.
    """
    # The first column counts all rows, labelled or not: no fold may lose its last one.
    counts = np.zeros((int(units.max()) + 1, known.shape[1] + 1), np.int64)
    np.add.at(counts, units, np.column_stack([np.ones(len(units), np.int64), known]))
    fold_of = np.zeros(len(counts), np.int64)
    fold_of[units] = part
    held = np.zeros((folds, counts.shape[1]), np.int64)
    np.add.at(held, fold_of, counts)
    for output in np.argsort(counts.sum(axis=0), kind="stable"):
        for fold in np.flatnonzero(held[:, output] == 0):
            candidates = np.flatnonzero(counts[:, output] > 0)
            for unit in candidates[np.lexsort((counts[candidates, 0], -held[fold_of[candidates], output]))]:
                donor = fold_of[unit]
                if (held[donor] - counts[unit])[counts[unit] > 0].all():
                    held[donor] -= counts[unit]
                    held[fold] += counts[unit]
                    fold_of[unit] = fold
                    break
    return np.asarray(fold_of[units])
