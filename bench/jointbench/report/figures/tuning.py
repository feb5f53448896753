"""Verdict against budget: how the difference goes as more configurations are tried."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.tuning import Tuning
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.tuning import budget_table
from jointbench.stats.estimate import Estimate

HEIGHT, FOOT, MOST_COLUMNS = 120, 34, 3
APART = 1.06  # factor between the two accountings' marks of one budget
TRIALS = Style("as many configurations", COLOURS[0], MARKERS[0])
FLOPS = Style("as many FLOPs", GREY, MARKERS[1])


def tuning_figure(cell: CellSummary, tuning: Tuning, rope: float, slug: str) -> Figure:
    """A panel for each output: joint - other after 1, 2, 4, ... configurations, under both accountings."""
    phrases = [
        f"{show.shorten(d.output, 30)} with {step.trials:,}: {show.difference(d.difference)}, {step.verdict}"
        for step in tuning.by_trials
        for d in step.differences
    ]
    alternative = f"Skill differences by the configurations tried in {cell_name(cell)}: {spoken(phrases)}"
    return Figure(
        slug=slug,
        title="Verdict against budget of tuning",
        sentence=(
            "Above the middle joint is better, below it the other arm is, with 95 % intervals; inside the grey band "
            f"(±{rope:g}) the difference does not matter. One configuration is the rules' own, untuned. All budgets share "
            "their trials, and test rows choose nothing."
        ),
        alternative=alternative,
        svg=_draw(_frame(tuning), rope, slug, alternative),
        table=budget_table(cell, tuning),
        legend=(TRIALS, FLOPS),
    )


def _frame(tuning: Tuning) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (how.name, d.output, step.trials, d.difference.value, d.difference.low, d.difference.high)
            for how, steps in ((TRIALS, tuning.by_trials), (FLOPS, tuning.by_flops))
            for step in steps
            for d in step.differences
        ],
        columns=["how", "output", "trials", "value", "low", "high"],
    )


def _draw(frame: pd.DataFrame, rope: float, slug: str, alternative: str) -> str:
    outputs = list(dict.fromkeys(frame.output))
    columns = min(len(outputs), MOST_COLUMNS)
    lines = -(-len(outputs) // columns)
    budgets = sorted(set(frame.trials))
    low, high = limits([Estimate(v, a, b) for v, a, b in zip(frame.value, frame.low, frame.high, strict=True)], rope)
    with style():
        surface, panels = drawing(lines * HEIGHT + FOOT, lines, columns, sharex=True, sharey=True)
        for panel, output in zip(panels, outputs, strict=False):
            panel.set_title(show.shorten(output, 18))
            panel.axhspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
            reference_line(panel, 0.0, horizontal=True)
            for how, factor in ((FLOPS, APART), (TRIALS, 1 / APART)):
                own = frame[(frame.output == output) & (frame.how == how.name)]
                places = own.trials * factor
                seaborn.lineplot(
                    x=places, y=own.value, color=how.colour, marker=how.marker, ax=panel, errorbar=None, linewidth=1.0
                )
                panel.vlines(places, own.low, own.high, color=how.colour, linewidth=1.2)
            panel.set(xscale="log", xlabel="", ylabel="", ylim=(low, high))
            panel.set_xlim(budgets[0] / 1.3, budgets[-1] * 1.3)
            panel.xaxis.set_major_locator(FixedLocator(budgets))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        for panel in panels[len(outputs) :]:
            panel.set_visible(False)
        surface.supxlabel("configurations of each network")
        surface.supylabel("difference in skill, joint − other")
        return export(surface, slug, alternative)
