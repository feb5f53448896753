"""Verdict against budget: how the difference goes as more configurations are tried."""

from __future__ import annotations

import pandas as pd

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.tuning import Tuning
from jointbench.report import format as show
from jointbench.report.figures.courses import Courses, draw_courses
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.tuning import budget_table

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
    styles = {FLOPS.name: (FLOPS, APART), TRIALS.name: (TRIALS, 1 / APART)}
    courses = Courses(_frame(tuning), styles, "configurations of each network", margin=1.3, line_width=1.0)
    return Figure(
        slug=slug,
        title="Verdict against budget of tuning",
        sentence=(
            "Above the middle joint is better, below it the other arm is, with 95 % intervals; inside the grey band "
            f"(±{rope:g}) the difference does not matter. One configuration is the rules' own, untuned. All budgets share "
            "their trials, and test rows choose nothing."
        ),
        alternative=alternative,
        svg=draw_courses(courses, rope, slug, alternative),
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
        columns=["how", "output", "at", "value", "low", "high"],
    )
