"""The saving that FLOPs predict against the measured one, every dataset in one plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import PredictedSaving
from jointbench.compare.summary.quantity import TRAINING_STEP
from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.overview import cells_of
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.table import Cell, Table, columns, interval, name, number

HEIGHT, LEFT = 300, 60
SENTENCE = (
    "Each mark is one training step, joint / other, on one dataset (its number beside it): on the slanted line the "
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
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 50)
        values = [value for mark in marks for value in (mark.saving.predicted, mark.saving.achieved.value)]
        low, high = (sign * max(0.5, *(sign * math.log2(value) for value in values)) for sign in (-1, 1))
        limits = (2 ** (low - 0.3), 2 ** (high + 0.3))
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        panel.set(xlim=limits, ylim=limits, xlabel="FLOPs predict, joint / other", ylabel="the clock says")
        panel.plot(limits, limits, color=INK, linewidth=0.8, alpha=0.6, zorder=1)
        reference_line(panel, 1.0)
        reference_line(panel, 1.0, horizontal=True)
        for mark in marks:
            _draw_mark(panel, mark, limits)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(FixedLocator([2.0**power for power in range(math.ceil(low), math.floor(high) + 1)]))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return export(surface, slug, alternative)


def _draw_mark(panel: Axes, mark: Mark, limits: tuple[float, float]) -> None:
    """The mark with its interval, cut to the axis, and the dataset's number."""
    x, achieved, colour = mark.saving.predicted, mark.saving.achieved, mark.style.colour
    ends = [max(min(end, limits[1]), limits[0]) for end in (achieved.low, achieved.high) if show.known(end)]
    panel.plot([x] * len(ends), ends, color=colour, linewidth=1, alpha=0.6, zorder=2)
    panel.plot([x], [achieved.value], mark.style.marker, color=colour, markersize=5.5, zorder=4)
    panel.annotate(str(mark.number), xy=(x, achieved.value), xytext=(5, 2), textcoords="offset points", fontsize=SMALL)
