"""A table of an answer, as the page draws it."""

from __future__ import annotations

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, name


def answer_table(table: explain.Table, backend: str) -> Table:
    """Text is a name, a number has three significant digits, None was not measured."""
    numeric = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.columns))]
    heads = numeric.index(True) if True in numeric else 1
    columns = tuple(Column(title, number) for title, number in zip(table.columns, numeric, strict=True))
    rows = tuple(tuple(_cell(value) for value in row) for row in table.rows)
    return Table(
        f"{show.plain(table.title)}: {show.plain(backend)}", columns, rows, heads=max(heads, 1), source="explain"
    )


def _cell(value: explain.Value) -> Cell:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return name(value)
    return Cell(show.count(value) if isinstance(value, int) else show.significant(value), (float(value),))


def row_numbers(row: tuple[explain.Value, ...]) -> list[float]:
    """A row's values as numbers, NaN where there is none: what a figure draws."""
    return [float(value) if isinstance(value, int | float) else float("nan") for value in row]


def table_named(answer: explain.Answer, title: str) -> explain.Table | None:
    """The answer's table whose title starts so; None in an answer that lacks it."""
    return next((table for table in answer.tables if table.title.startswith(title)), None)
