"""How each output's difference goes along a growing number (of rows, of configurations): a panel for each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import seaborn
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, drawing, export, reference_line, style
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK
from jointbench.report.palette import Style
from jointbench.stats.estimate import Estimate

HEIGHT, FOOT, MOST_COLUMNS = 120, 34, 3


@dataclass(frozen=True)
class Courses:
    """frame: columns output, how, at, value, low, high. styles: by ``how``, with the factor that moves its marks aside.
    axis: what ``at`` counts; margin: factor of the room beside the marks; line_width: in
    points."""

    frame: pd.DataFrame
    styles: Mapping[str, tuple[Style, float]]
    axis: str
    margin: float
    line_width: float


def draw_courses(courses: Courses, rope: float, slug: str, alternative: str) -> str:
    """joint - other in skill with its intervals, on a logarithmic axis."""
    frame = courses.frame
    outputs = list(dict.fromkeys(frame.output))
    columns = min(len(outputs), MOST_COLUMNS)
    lines = -(-len(outputs) // columns)
    ticks = sorted(set(frame["at"]))
    low, high = limits([Estimate(v, a, b) for v, a, b in zip(frame.value, frame.low, frame.high, strict=True)], rope)
    with style():
        surface, panels = drawing(lines * HEIGHT + FOOT, lines, columns, sharex=True, sharey=True)
        for panel, output in zip(panels, outputs, strict=False):
            panel.set_title(show.shorten(output, 18))
            panel.axhspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
            reference_line(panel, 0.0, horizontal=True)
            for how, (drawn, factor) in courses.styles.items():
                own = frame[(frame.output == output) & (frame.how == how)]
                places = own["at"] * factor
                seaborn.lineplot(
                    x=places,
                    y=own.value,
                    color=drawn.colour,
                    marker=drawn.marker,
                    ax=panel,
                    errorbar=None,
                    linewidth=courses.line_width,
                )
                panel.vlines(places, own.low, own.high, color=drawn.colour, linewidth=1.2)
            panel.set(xscale="log", xlabel="", ylabel="", ylim=(low, high))
            panel.set_xlim(ticks[0] / courses.margin, ticks[-1] * courses.margin)
            panel.xaxis.set_major_locator(FixedLocator(ticks))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        for panel in panels[len(outputs) :]:
            panel.set_visible(False)
        surface.supxlabel(courses.axis)
        surface.supylabel("difference in skill, joint − other")
        return export(surface, slug, alternative)
