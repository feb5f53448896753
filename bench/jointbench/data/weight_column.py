"""The column of a user's table that says what each row weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.data.columns import Column, Source, interpret
from jointbench.data.raw_table import RawTable
from jointbench.errors import BadInput
from jointbench.types import ColumnReading, FloatArray

SMALLEST = 1e-30  # of the largest weight; less cannot be told from 0 in a float32 sum


@dataclass(frozen=True, eq=False)
class Weighted:
    """A table without the rows that weigh nothing, as if they were not in the file.

    weights: (rows,), the largest 1; None where all are equal.
    """

    table: RawTable
    weights: FloatArray | None
    reading: ColumnReading


def weighted_table(table: RawTable, name: str, targets: Sequence[str], source: Source) -> Weighted:
    """The table weighted by one of its columns. targets: names of the columns to predict.

    Raises BadInput for a column that is one of them, or whose cells are not all numbers from 0 up, or that leaves no
    row, or no labelled row of some target.
    """
    if name in targets:
        raise BadInput(f"--weight {name!r} is a --target too; weigh the rows by another column")
    column = interpret(table.frame[name], name, source)
    values = _values(column, source)
    weighs = values > SMALLEST * values.max(initial=0.0)
    if not weighs.any():
        raise BadInput(
            f"{table.path}: weight column {name!r} is 0 in every row; at least some rows must weigh something"
        )
    frame = table.frame.loc[weighs]
    for target in targets:
        if table.frame[target].notna().any() and not frame[target].notna().any():
            raise BadInput(
                f"{table.path}: weight column {name!r} is 0 in every row that has a label of target {target!r}; "
                f"give such rows a weight, or leave the target out"
            )
    weights = values[weighs] / values.max()
    left_out = int((~weighs).sum())
    remarks = (f"Left out: {left_out:,} rows of weight 0 (column {name!r}).",) if left_out else ()
    low, high = (f"{value:.4g}" for value in (values[weighs].min(), values.max()))
    reading = ColumnReading(
        name=name, role="key", detail=f"row weights from {low} to {high}" if low != high else f"row weights, all {low}"
    )
    return Weighted(
        replace(table, frame=frame, remarks=(*table.remarks, *remarks)),
        weights if np.ptp(weights) > 0 else None,
        reading,
    )


def _values(column: Column, source: Source) -> FloatArray:
    """The weights as they stand. Raises BadInput at the first cell that is none."""
    named = f"{source.path}: weight column {column.name!r}"
    if column.meaning not in ("number", "flag") or column.numbers is None:
        place = int(np.flatnonzero(column.cells.notna())[0]) if column.cells.notna().any() else 0
        row, cell = column.row(place), column.shown(place)
        if column.stray is not None:
            row, cell = column.stray.row, repr(column.stray.cell)
        content = "is empty" if column.meaning == "empty" else f"holds {cell} in data row {row}"
        raise BadInput(f"{named} {content}; a weight is a number from 0 up")
    for wrong, words in (
        (np.isnan(column.numbers), "has no value"),
        (np.isinf(column.numbers), "is infinite"),
        (column.numbers < 0, "is negative"),
    ):
        if wrong.any():
            row = column.row(int(np.flatnonzero(wrong)[0]))
            raise BadInput(f"{named} {words} in data row {row}; a weight is a number from 0 up")
    return column.numbers
