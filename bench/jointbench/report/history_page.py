"""A history as one HTML file: its steps, a plot of each quantity that has one, and every quantity that is followed."""

from __future__ import annotations

from jointbench.check.history import Series
from jointbench.check.steps import LEAST_RUNS, HistoryResult, Step
from jointbench.report import history_text as words
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.history import history_figure
from jointbench.report.history_tables import followed_table, steps_table
from jointbench.report.page import script_values, stylesheet, templates

MOST_DRAWN = 24  # quantities with steps; the table has all of them
WITHOUT_STEPS = 4  # drawn where no quantity has a step


def render_history(result: HistoryResult) -> str:
    """The page."""
    return (
        templates()
        .get_template("history_page.html.j2")
        .render(
            headline=words.headline(result),
            figures=_figures(result),
            left_undrawn=max(0, len(_with_steps(result)) - MOST_DRAWN),
            steps=steps_table(result) if result.steps else None,
            followed=followed_table(result),
            style=stylesheet(),
            **script_values(),
        )
    )


def _figures(result: HistoryResult) -> list[Figure]:
    drawn = list(_with_steps(result).items())[:MOST_DRAWN]
    if not drawn:
        judged = [series for series in result.series if len(series.values) >= LEAST_RUNS]
        moving = [series for series in judged if series.gate in ("cost", "quality")]
        drawn = [(series, []) for series in moving[:WITHOUT_STEPS]]
    return [history_figure(series, steps, f"history-{i}") for i, (series, steps) in enumerate(drawn, 1)]


def _with_steps(result: HistoryResult) -> dict[Series, list[Step]]:
    """The series that have steps, what fails first, each with its steps in order of time."""
    found: dict[Series, list[Step]] = {}
    for step in result.steps:
        found.setdefault(step.series, []).append(step)
    return {series: sorted(steps, key=lambda step: step.at) for series, steps in found.items()}
