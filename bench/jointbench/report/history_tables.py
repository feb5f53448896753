"""The tables of a history: its steps, and every quantity that is followed."""

from __future__ import annotations

from jointbench.check.history import Series
from jointbench.check.steps import HistoryResult
from jointbench.report import history_text as words
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, name

SOURCE = "history"


def steps_table(result: HistoryResult) -> Table:
    """A row for each step, what fails first."""
    rows = tuple(
        (
            name(words.place(step.series)),
            name(words.subject(step.series)),
            Cell(words.kind(result, step), tone="warning" if result.fails(step) else ""),
            Cell(words.level(step.series.gate, step.before), (step.before,)),
            Cell(words.level(step.series.gate, step.after), (step.after,)),
            Cell(words.change(step), (step.after - step.before,)),
            name(words.run_name(step.first)),
            name(words.run_name(step.last_before)),
        )
        for step in result.steps
    )
    titles = columns(("Where", "What", "Step"), ("Before", "After", "Change"))
    return Table(
        "Quantities that changed for good.",
        (*titles, Column("First run of the new level"), Column("Run before")),
        rows,
        heads=2,
        source=SOURCE,
    )


def series_table(series: Series) -> Table:
    """A row for each run of a quantity."""
    rows = tuple(
        (name(words.run_name(run)), Cell(words.level(series.gate, value), (value,)))
        for run, value in zip(series.runs, series.values, strict=True)
    )
    return Table(
        f"{words.place(series)}: {words.subject(series)}, run by run.",
        columns(("Run",), ((words.subject(series), words.UNITS[series.gate]),)),
        rows,
        source=SOURCE,
    )


def followed_table(result: HistoryResult) -> Table:
    """A row for each cost and skill: how many runs, the latest value, and how much it differs from run to run."""
    rows = tuple(
        (
            name(words.place(series)),
            name(words.subject(series)),
            Cell(str(len(series.values)), (float(len(series.values)),)),
            Cell(words.level(series.gate, series.values[-1]), (series.values[-1],)),
            _spread(series),
        )
        for series in result.series
        if series.gate in ("cost", "quality")
    )
    titles = columns(("Where", "What"), ("Runs", "Latest", ("Spread", "from run to run")))
    return Table("Every cost and skill that is followed.", titles, rows, heads=2, source=SOURCE)


def _spread(series: Series) -> Cell:
    value = words.spread(series)
    if len(series.values) < 2:
        return NOTHING
    text = f"{100 * value:.1f} %" if series.gate == "cost" else f"{value:.4f}"
    return Cell(text, (value,))
