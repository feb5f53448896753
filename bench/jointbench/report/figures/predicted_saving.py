"""The saving that FLOPs predict against the measured one, every dataset in one plane."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from jointbench.comparison.summary.costs import PredictedSaving
from jointbench.comparison.summary.quantity import TRAINING_STEP
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import (
    doublings,
    drawing,
    export,
    levels,
    log2_limits,
    numbers_beside,
    reference_line,
    scatter,
    style,
)
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK
from jointbench.report.overview import cells_of
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.table import Cell, Table, columns, interval, name, number

HEIGHT = 300
SENTENCE = (
    "Each mark is one training step, joint / other, on one dataset (the number of its section beside it where there is room): on the slanted line the "
    "clock follows the FLOPs, above it part of the predicted saving is lost, below it more is saved than FLOPs "
    "predict."
)


@dataclass(frozen=True)
class Mark:
    """A mark: the dataset's number, a training step's saving, and the other arm's style."""

    number: int
    saving: PredictedSaving
    style: Style


def predicted_saving_figure(summary: Summary, colours: Palette, slug: str) -> Figure | None:
    """Predicted against achieved ratio of a training step; None where no step was timed."""
    marks: list[Mark] = []
    rows: list[tuple[Cell, ...]] = []
    for position, dataset in enumerate(summary.datasets, 1):
        for cell in cells_of(summary, dataset.slug):
            for saving in steps(cell):
                marks.append(Mark(position, saving, colours.style(saving.other)))
                rows.append(_table_row(cell, saving))
    if not marks:
        return None
    phrases = [
        f"dataset {mark.number} against {show.shorten(mark.saving.other, 30)}: "
        f"predicted {show.times(mark.saving.predicted)}, achieved {show.times(mark.saving.achieved.value)}"
        for mark in marks
    ]
    alternative = f"Achieved against predicted ratio of a training step's cost: {spoken(phrases)}"
    titles = columns(
        ("Dataset", "Backend", "Device", "Against"),
        (
            ("Predicted", "ratio of FLOPs"),
            ("Achieved", "ratio of seconds"),
            ("Share reached", "of the saving, in logarithms"),
        ),
    )
    return Figure(
        slug=slug,
        title="Predicted against achieved saving",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(marks, slug, alternative),
        table=Table(
            "A training step, joint / other, as FLOPs predict it and as the clock saw it.", titles, tuple(rows), heads=4
        ),
        legend=tuple({mark.style.name: mark.style for mark in marks}.values()),
    )


def _table_row(cell: CellSummary, saving: PredictedSaving) -> tuple[Cell, ...]:
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        name(saving.other),
        number(saving.predicted, show.times),
        interval(saving.achieved, show.ratio),
        interval(saving.share, show.estimate) if saving.share else Cell(saving.reason or "—", tone="absent"),
    )


def steps(cell: CellSummary) -> list[PredictedSaving]:
    """The savings of a training step that a logarithmic scale can show, the first for each other arm."""
    savings: dict[str, PredictedSaving] = {}
    for saving in cell.explained:
        achieved = saving.achieved.value
        if saving.quantity.scenario == TRAINING_STEP and saving.predicted > 0 and show.known(achieved) and achieved > 0:
            savings.setdefault(saving.other, saving)
    return list(savings.values())


def _draw(marks: list[Mark], slug: str, alternative: str) -> str:
    styles = list({mark.style.name: mark.style for mark in marks}.values())
    frame = pd.DataFrame(
        {
            "predicted": [mark.saving.predicted for mark in marks],
            "achieved": [mark.saving.achieved.value for mark in marks],
            "low": [mark.saving.achieved.low for mark in marks],
            "high": [mark.saving.achieved.high for mark in marks],
            "arm": [levels(styles)[mark.style.name] for mark in marks],
            "colour": [mark.style.colour for mark in marks],
        }
    )
    with style():
        surface, (panel,) = drawing(HEIGHT)
        low, high = log2_limits([*frame.predicted, *frame.achieved], 0.5)
        limits = (2**low, 2**high)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        doublings(panel.xaxis, low, high)
        doublings(panel.yaxis, low, high)
        panel.set(xlim=limits, ylim=limits)
        panel.plot(limits, limits, color=INK, linewidth=0.8, alpha=0.6, zorder=1)
        reference_line(panel, 1.0)
        reference_line(panel, 1.0, horizontal=True)
        panel.vlines(
            frame.predicted, frame.low.clip(*limits), frame.high.clip(*limits), list(frame.colour), linewidth=1
        )
        scatter(frame, "predicted", "achieved", styles, panel)
        numbers = [(str(mark.number), mark.saving.predicted, mark.saving.achieved.value) for mark in marks]
        numbers_beside(panel, numbers)
        panel.set(xlabel="FLOPs predict, joint / other", ylabel="the clock says")
        return export(surface, slug, alternative)
