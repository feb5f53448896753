"""Skill gained against cost saved: every dataset in three planes, one for each cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from jointbench.comparison.summary.decisions import Decision
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import (
    BAND,
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
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK
from jointbench.report.overview import flops_ratio, overview_table, request_ratio, select_columns, step_ratio
from jointbench.report.palette import Palette, Style

HEIGHT, FOOT = 140, 30  # of a panel, and below them
COSTS = {"training FLOPs": flops_ratio, "seconds of a training step": step_ratio, "seconds of a request": request_ratio}
COLUMNS = (
    *("Dataset", "Backend", "Device", "Against", "Mean skill difference"),
    *("Training FLOPs", "Training step", "Latency"),
)
SENTENCE = (
    "Each mark is joint on one dataset, seen from the other arm at the crossing of the lines: left saves, up gains "
    "skill; inside the grey band the skill is equivalent, and outside a mark has the number of its dataset's section where there is room."
)


def trade_off_figure(summary: Summary, colours: Palette, slug: str) -> Figure:
    """Mean skill difference against the ratio of each cost that was measured."""
    numbers = {dataset.slug: str(number) for number, dataset in enumerate(summary.datasets, 1)}
    decisions = [
        (cell, decision)
        for cell in summary.cells
        for decision in cell.decisions
        if show.known(decision.mean_difference.value)
    ]
    styles = tuple(colours.style(other) for other in dict.fromkeys(decision.other for _, decision in decisions))
    arms = levels(styles)
    marks = pd.DataFrame(
        [
            (numbers[cell.dataset], cost, ratio, decision.mean_difference.value, arms[decision.other])
            for cell, decision in decisions
            for cost in COSTS
            if (ratio := _ratio(cell, decision, cost)) is not None
        ],
        columns=["number", "cost", "ratio", "difference", "arm"],
    )
    widest = max([5 * summary.rope / 2, *marks.difference.abs()])
    top = 1.15 * min(widest, limits([decision.mean_difference for _, decision in decisions], summary.rope)[1])
    alternative = f"{len(marks)} marks of mean skill difference against the ratio of a cost; the table has them."
    return Figure(
        slug=slug,
        title="Skill gained against cost saved",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(marks, styles, summary.rope, top, slug, alternative),
        table=select_columns(overview_table(summary), "Skill gained and cost spent, joint against other.", COLUMNS),
        legend=styles,
        caution=caution(summary.datasets),
    )


def _ratio(cell: CellSummary, decision: Decision, cost: str) -> float | None:
    """The ratio, None where a logarithmic axis cannot show it."""
    ratio = COSTS[cost](cell, decision.other)
    return ratio.ratio.value if ratio is not None and show.known(ratio.ratio.value) and ratio.ratio.value > 0 else None


def _draw(marks: pd.DataFrame, styles: Sequence[Style], rope: float, top: float, slug: str, alternative: str) -> str:
    costs = list(dict.fromkeys(marks.cost)) or list(COSTS)[:1]
    low, high = log2_limits(list(marks.ratio), 0.5)
    with style():
        surface, panels = drawing(len(costs) * HEIGHT + FOOT, len(costs), sharex=True, sharey=True)
        panels[0].set_xscale("log", base=2)
        panels[0].set(xlim=(2**low, 2**high), ylim=(-top, top))
        doublings(panels[0].xaxis, low, high)
        for panel, cost in zip(panels, costs, strict=True):
            panel.set_title(cost)
            panel.axhspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
            reference_line(panel, 0.0, horizontal=True)
            reference_line(panel, 1.0)
            _draw_panel(panel, marks[marks.cost == cost], styles, rope)
        surface.supxlabel("cost, joint / other")
        surface.supylabel("mean skill difference, joint − other")
        return export(surface, slug, alternative)


def _draw_panel(panel: Axes, marks: pd.DataFrame, styles: Sequence[Style], rope: float) -> None:
    scatter(marks, "ratio", "difference", styles, panel)
    panel.set(xlabel="", ylabel="")
    bottom, top = panel.get_ylim()
    outside = marks[(marks.difference.abs() > rope) & marks.difference.between(bottom, top)]
    furthest_first = outside.sort_values("difference", key=abs, ascending=False)
    numbers_beside(
        panel, list(zip(furthest_first.number, furthest_first.ratio, furthest_first.difference, strict=True))
    )
