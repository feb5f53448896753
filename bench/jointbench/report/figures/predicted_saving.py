"""The saving that FLOPs predict against the one that the clock saw, every dataset in one plane."""

from __future__ import annotations

import math

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import PredictedSaving
from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.overview import STEP, cells_of
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.table import Cell, Table, columns, interval, name, number

HEIGHT, LEFT = 300, 60
SENTENCE = (
    "Each mark is one training step, joint / other, on one dataset (its number beside it): on the slanted line the "
    "clock follows the FLOPs, above it part of the predicted saving is lost, below it more is saved than FLOPs "
    "predict."
)
Mark = tuple[int, PredictedSaving, Style]


def predicted_saving_figure(summary: Summary, colours: Palette, slug: str) -> Figure | None:
    """Predicted against achieved ratio of a training step; None where no step was timed."""
    marks: list[Mark] = []
    rows: list[tuple[Cell, ...]] = []
    for place, dataset in enumerate(summary.datasets, 1):
        for cell in cells_of(summary, dataset.slug):
            for one in steps(cell):
                marks.append((place, one, colours.style(one.other)))
                share = interval(one.share, show.estimate) if one.share else Cell(one.reason or "—", tone="absent")
                rows.append(
                    (
                        name(dataset.slug),
                        name(cell.backend),
                        name(cell.device),
                        name(one.other),
                        number(one.predicted, show.times),
                        interval(one.achieved, show.ratio),
                        share,
                    )
                )
    if not marks:
        return None
    said = [
        f"dataset {place} against {show.shorten(one.other, 30)}: predicted {show.times(one.predicted)}, "
        f"achieved {show.times(one.achieved.value)}"
        for place, one, _ in marks
    ]
    alternative = f"Achieved against predicted ratio of a training step's cost: {spoken(said)}"
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
        legend=tuple({mark.name: mark for _, _, mark in marks}.values()),
    )


def steps(cell: CellSummary) -> list[PredictedSaving]:
    """The ratios of training steps that can be drawn on a logarithmic scale, the first for each other arm."""
    found: dict[str, PredictedSaving] = {}
    for one in cell.explained:
        if one.quantity == STEP and one.predicted > 0 and show.known(one.achieved.value) and one.achieved.value > 0:
            found.setdefault(one.other, one)
    return list(found.values())


def _draw(marks: list[Mark], slug: str, alternative: str) -> str:
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 50)
        values = [value for _, one, _ in marks for value in (one.predicted, one.achieved.value)]
        low, high = (sign * max(0.5, *(sign * math.log2(value) for value in values)) for sign in (-1, 1))
        limits = (2 ** (low - 0.3), 2 ** (high + 0.3))
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        panel.set(xlim=limits, ylim=limits, xlabel="FLOPs predict, joint / other", ylabel="the clock says")
        panel.plot(limits, limits, color=INK, linewidth=0.8, alpha=0.6, zorder=1)
        reference_line(panel, 1.0)
        reference_line(panel, 1.0, horizontal=True)
        for place, one, mark in marks:
            ends = [
                max(min(end, limits[1]), limits[0]) for end in (one.achieved.low, one.achieved.high) if show.known(end)
            ]
            panel.plot([one.predicted] * len(ends), ends, color=mark.colour, linewidth=1, alpha=0.6, zorder=2)
            panel.plot([one.predicted], [one.achieved.value], mark.marker, color=mark.colour, markersize=5.5, zorder=4)
            panel.annotate(
                str(place),
                xy=(one.predicted, one.achieved.value),
                xytext=(5, 2),
                textcoords="offset points",
                fontsize=SMALL,
            )
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(FixedLocator([2.0**power for power in range(math.ceil(low), math.floor(high) + 1)]))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return export(surface, slug, alternative)
