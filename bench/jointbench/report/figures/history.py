"""A quantity from run to run, with the levels between its steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.check.findings import Gate
from jointbench.check.history import Series
from jointbench.check.steps import Step
from jointbench.report import format as show
from jointbench.report import history_text as words
from jointbench.report.figures.canvas import drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK
from jointbench.report.history_tables import series_table
from jointbench.report.palette import COLOURS

HEIGHT, MOST_LETTERS = 150, 60
BETTER, WORSE = COLOURS[2], COLOURS[1]


def history_figure(series: Series, steps: list[Step], slug: str) -> Figure:
    """One series. steps: those of it, in order of time."""
    phrases = [words.sentence(step).partition(": ")[2] for step in steps] or ["no step"]
    alternative = f"{words.subject(series)} over {len(series.values)} runs, {words.place(series)}: {spoken(phrases)}"
    wanted = "higher" if series.gate == "quality" else "lower"
    what = "each dashed line is where a new level begins, and the flat lines are the levels" if steps else "no step"
    return Figure(
        slug=slug,
        title=show.shorten(f"{words.place(series)}: {words.subject(series)}", MOST_LETTERS * 2),
        sentence=f"A dot is a run, the latest at the right; {wanted} is better; {what}.",
        alternative=alternative,
        svg=_draw(series, steps, slug, alternative),
        table=series_table(series),
    )


def _draw(series: Series, steps: list[Step], slug: str, alternative: str) -> str:
    frame = pd.DataFrame({"run": np.arange(1, len(series.values) + 1), "value": series.values})
    with style():
        surface, (panel,) = drawing(HEIGHT, margins=(48, 12, 8, 34))
        seaborn.scatterplot(frame, x="run", y="value", color=COLOURS[0], s=14, linewidth=0, legend=False, ax=panel)
        _levels(panel, frame, steps)
        panel.set(xlabel="run", ylabel=words.UNITS[series.gate])
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(4))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(series.gate, value)))
        return export(surface, slug, alternative)


def _tick(gate: Gate, value: float) -> str:
    return show.seconds(value) if gate == "time" else show.significant(value)


def _levels(panel: Axes, frame: pd.DataFrame, steps: list[Step]) -> None:
    """The flat levels, and where each begins; the colour is never alone: a step up is a worsening or not, by the unit."""
    ends = [0, *(step.at for step in steps), len(frame)]
    for i, (start, end) in enumerate(pairwise(ends)):
        colour = INK if not i else WORSE if steps[i - 1].worse else BETTER
        middle = (steps[i - 1].after if i else steps[0].before) if steps else float(frame.value.mean())
        panel.plot([start + 0.6, end + 0.4], [middle, middle], color=colour, linewidth=1.4)
        if i:
            panel.axvline(start + 0.5, color=colour, linewidth=1.0, linestyle="--")
