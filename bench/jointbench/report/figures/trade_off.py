"""Skill gained against cost saved: every dataset in one plane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.overview import cells_of, flops_ratio, overview_table, request_ratio, select_columns, step_ratio
from jointbench.report.palette import Palette, Style

HEIGHT, LEFT = 300, 60
COLUMNS = ("Dataset", "Backend", "Device", "Against", "Mean skill difference")


@dataclass(frozen=True)
class Mark:
    """A mark: the dataset's number, joint's cost ratio and mean skill difference, and the other arm's style."""

    number: int
    cost_ratio: float
    difference: float
    style: Style


@dataclass(frozen=True)
class Saving:
    """A cost: its name, its column in the overview table, and its ratio in a cell against another arm."""

    name: str
    column: str
    ratio: Callable[[CellSummary, str], Ratio | None]


FLOPS = Saving("training FLOPs", "Training FLOPs", flops_ratio)
SECONDS = Saving("seconds of a training step", "Training step", step_ratio)
LATENCY = Saving("latency of a request", "Latency", request_ratio)


def trade_off_figure(summary: Summary, colours: Palette, slug: str, saving: Saving = FLOPS) -> Figure:
    """Mean skill difference against the ratio of a cost."""
    marks: list[Mark] = []
    estimates = []
    for number, dataset in enumerate(summary.datasets, 1):
        for cell in cells_of(summary, dataset.slug):
            for decision in cell.decisions:
                ratio = saving.ratio(cell, decision.other)
                if ratio is not None and ratio.ratio.value > 0 and show.known(decision.mean_difference.value):
                    estimates.append(decision.mean_difference)
                    difference = decision.mean_difference.value
                    marks.append(Mark(number, ratio.ratio.value, difference, colours.style(decision.other)))
    alternative = f"{len(marks)} marks of mean skill difference against the ratio of {saving.name}; the table has them."
    others = dict.fromkeys(decision.other for cell in summary.cells for decision in cell.decisions)
    table = select_columns(
        overview_table(summary),
        f"Skill gained and {saving.name} spent, joint against other.",
        (*COLUMNS, saving.column),
    )
    sentence = (
        "Each mark is joint on one dataset (numbered as in the list above where the skill differs), seen from the "
        f"other arm at the crossing of the lines: left saves {saving.name}, up gains skill; inside the grey band the "
        "skill is equivalent."
    )
    top = max([5 * summary.rope / 2, *(abs(mark.difference) for mark in marks)]) * 1.15
    return Figure(
        slug=slug,
        title=f"Skill gained against {saving.name} saved",
        sentence=sentence,
        alternative=alternative,
        svg=_draw(marks, summary.rope, min(top, limits(estimates, summary.rope)[1] * 1.15), saving, slug, alternative),
        table=table,
        legend=tuple(colours.style(other) for other in others),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _draw(marks: list[Mark], rope: float, top: float, saving: Saving, slug: str, alternative: str) -> str:
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 50)
        reach = max([1.0, *(abs(math.log2(mark.cost_ratio)) for mark in marks)]) + 0.3
        panel.set_xscale("log", base=2)
        panel.set(xlim=(2**-reach, 2**reach), ylim=(-top, top))
        panel.set(xlabel=f"{saving.name}, joint / other", ylabel="mean skill difference")
        panel.axhspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0, horizontal=True)
        reference_line(panel, 1.0)
        for mark in marks:
            x, y, colour = mark.cost_ratio, mark.difference, mark.style.colour
            panel.plot([1, x], [0, y], color=colour, linewidth=0.7, alpha=0.35, zorder=2)
            panel.plot([x], [y], mark.style.marker, color=colour, markersize=6, zorder=4)
            if abs(y) > rope:
                panel.annotate(str(mark.number), xy=(x, y), xytext=(5, 2), textcoords="offset points", fontsize=SMALL)
        powers = range(-int(reach), int(reach) + 1)
        panel.xaxis.set_major_locator(FixedLocator([2.0**power for power in powers]))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return export(surface, slug, alternative)
