"""Skill of joint and separate networks along the labels of one output, and what sharing gains there."""

from __future__ import annotations

import math

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jointbench.explain.label_efficiency import LabelEfficiency, OutputLabels
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, drawing, export, fixed_ticks, levels, looks, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS, MARKERS, Style
from jointbench.report.tables.explained.label_efficiency import curve_table
from jointbench.stats.correlated_t_test import ROPE

HEIGHT, FOOT = 130, 24
JOINT, SEPARATE = Style("joint", COLOURS[0], MARKERS[0]), Style("separate", COLOURS[1], MARKERS[1])
STYLES = (JOINT, SEPARATE)
SENTENCE = (
    "Left, test skill against how many labels of the output are kept; all other outputs keep theirs. Right, joint − "
    f"separate with 95 % intervals: inside the grey band (±{ROPE:g}) it does not matter, and the upright band is the "
    "interval of where sharing stops paying."
)


def label_efficiency_figures(data: LabelEfficiency, backend: str, slug: str) -> list[Figure]:
    """A row of two panels for each output; none where no skill is known."""
    drawn = [own for own in data.curves if any(point.gain is not None for point in own.points)]
    if not drawn:
        return []
    alternative = spoken([show.plain(own.advice) for own in drawn])
    return [
        Figure(
            slug=f"{slug}-labels",
            title=f"Skill by the labels of one output, {show.plain(backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(drawn, f"{slug}-labels", alternative),
            table=curve_table(data, backend),
            legend=STYLES,
        )
    ]


def _draw(outputs: list[OutputLabels], slug: str, alternative: str) -> str:
    with style():
        surface, panels = drawing(len(outputs) * HEIGHT + FOOT, len(outputs), 2)
        for row, own in enumerate(outputs):
            left, right = panels[2 * row], panels[2 * row + 1]
            _skills(left, own)
            _gains(right, own)
            for panel in (left, right):
                _label_axis(panel, own)
            left.set(xlabel="", ylabel="skill")
            right.set(xlabel="", ylabel="joint − separate")
        surface.supxlabel("labels in training and validation rows")
        return export(surface, slug, alternative)


def _skills(panel: Axes, own: OutputLabels) -> None:
    slots = levels(STYLES)
    frame = pd.DataFrame(
        [
            (point.labels, slots[arm.name], value)
            for point in own.points
            for arm, value in ((JOINT, point.joint), (SEPARATE, point.separate))
            if value is not None
        ],
        columns=["labels", "arm", "skill"],
    )
    panel.set_title(show.shorten(own.output, 22))
    panel.set_xscale("log")
    seaborn.lineplot(
        frame,
        x="labels",
        y="skill",
        hue="arm",
        style="arm",
        dashes=False,
        markersize=5,
        markeredgewidth=0,
        estimator=None,
        ax=panel,
        **looks(STYLES, markers=True),
    )
    panel.yaxis.set_major_locator(MaxNLocator(4))


def _gains(panel: Axes, own: OutputLabels) -> None:
    known = [(p.labels, p.gain) for p in own.points if p.gain is not None and show.known(p.gain.value)]
    ends = limits([gain for _, gain in known], ROPE)
    panel.set(xscale="log", ylim=ends)
    panel.axhspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
    if own.low is not None and own.high is not None and own.crossing is not None:
        panel.axvspan(own.low, own.high, color=JOINT.colour, alpha=BAND, linewidth=0)
        panel.axvline(own.crossing, color=JOINT.colour, linewidth=0.8)
    reference_line(panel, 0.0, horizontal=True)
    places = [labels for labels, _ in known]
    seaborn.lineplot(
        x=places,
        y=[gain.value for _, gain in known],
        color=JOINT.colour,
        marker=JOINT.marker,
        markersize=5,
        markeredgewidth=0,
        linewidth=1.0,
        errorbar=None,
        ax=panel,
    )
    panel.vlines(
        places,
        [max(gain.low, ends[0]) for _, gain in known],
        [min(gain.high, ends[1]) for _, gain in known],
        color=JOINT.colour,
        linewidth=1.4,
    )
    panel.yaxis.set_major_locator(MaxNLocator(4))


def _label_axis(panel: Axes, own: OutputLabels) -> None:
    """Ticks at the numbers of labels that were tried, as far as they do not touch."""
    numbers = sorted({point.labels for point in own.points})
    panel.set_xlim(numbers[0] / 1.3, numbers[-1] * 1.3)
    ticks: list[float] = []
    for number in numbers:
        if not ticks or math.log(number / ticks[-1]) > math.log(numbers[-1] / numbers[0]) / 6:
            ticks.append(number)
    fixed_ticks(panel.xaxis, ticks, show.tick)
