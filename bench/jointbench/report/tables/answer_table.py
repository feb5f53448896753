"""A table of an answer to a question about sharing, as the page draws it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from jointbench.explain.answer import Value
from jointbench.report import format as show
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, name
from jointbench.stats.estimate import Estimate


def answer_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Value]], backend: str) -> Table:
    """Text is a name, a number has three significant digits, None was not measured."""
    values = tuple(rows)
    numeric = [all(not isinstance(row[i], str) for row in values) for i in range(len(headings))]
    heads = numeric.index(True) if True in numeric else 1
    columns = tuple(Column(heading, number) for heading, number in zip(headings, numeric, strict=True))
    cells = tuple(tuple(_cell(value) for value in row) for row in values)
    return Table(f"{show.plain(title)}: {show.plain(backend)}", columns, cells, heads=max(heads, 1), source="explain")


def ends(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    """Value, low and high for three columns."""
    return (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)


def _cell(value: Value) -> Cell:
    if isinstance(value, str):
        return name(value)
    if value is None or not math.isfinite(value):
        return NOTHING
    return Cell(show.count(value) if isinstance(value, int) else show.significant(value), (float(value),))
