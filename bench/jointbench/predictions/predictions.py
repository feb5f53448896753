"""Out-of-fold predictions of several arms on one table, checked and in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jointbench.types import ColumnReading, FloatArray, IntArray, Output


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """What each arm predicted for each row in the fold that tested it.

    rows: as they are named. fold: (repeats, rows), counted from 0. truths: by output, (rows,): the value or the class
    code, NaN where there is no label. raw: by arm and output, (repeats, seeds, rows, units): values, or logits of
    classes; 0 where there is no label. reading: how each output was read.
    """

    name: str
    sha256: str
    rows: tuple[str, ...]
    outputs: tuple[Output, ...]
    fold: IntArray
    truths: Mapping[str, FloatArray]
    raw: Mapping[str, Mapping[str, FloatArray]]
    reading: tuple[ColumnReading, ...] = ()

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(self.raw)

    @property
    def folds(self) -> int:
        return int(self.fold.max()) + 1

    @property
    def repeats(self) -> int:
        return len(self.fold)

    @property
    def seeds(self) -> int:
        first = self.raw[self.arms[0]][self.outputs[0].name]
        return int(first.shape[1])
