"""Units with the same numbers of every label, found once: a large table has few such patterns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.types import IntArray

MOST_CODES = 2**62  # that fit into a code of 64 bits


@dataclass(frozen=True, eq=False)
class LabelPatterns:
    """contents: (patterns, labels + 1), how many rows with each label a unit has, and how many rows.
    of_unit: (units,), the pattern of each."""

    contents: npt.NDArray[np.int32]
    of_unit: IntArray


def label_patterns(units: IntArray, labels: npt.NDArray[np.bool_]) -> LabelPatterns:
    """The patterns of these units, by the numbers that ``units`` (rows,) gives them. labels: (rows, labels).

    A column at a time: the counts of all units and labels would be larger than the table.
    """
    code, codes = np.zeros(int(units.max()) + 1, np.int64), 1
    for column in _counts(units, labels):
        width = int(column.max()) + 1
        if codes * width >= MOST_CODES:
            code = np.unique(code, return_inverse=True)[1]
            codes = int(code.max()) + 1
        code, codes = code * width + column, codes * width
    _, first, of_unit = np.unique(code, return_index=True, return_inverse=True)
    contents = np.stack([column[first].astype(np.int32) for column in _counts(units, labels)], axis=1)
    return LabelPatterns(contents, of_unit)


def _counts(units: IntArray, labels: npt.NDArray[np.bool_]) -> Iterator[IntArray]:
    """(units,) for each label, and last of rows."""
    count = int(units.max()) + 1
    for column in labels.T:
        yield np.bincount(units[column], minlength=count)
    yield np.bincount(units, minlength=count)
