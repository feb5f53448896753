"""Gradient conflict in the trunk: cosine and length of the outputs' gradients along training."""

from __future__ import annotations

import math

import pandas as pd
import seaborn
from matplotlib.ticker import FuncFormatter, PercentFormatter

from jointbench.explain.gradient_conflict import GradientConflict, GradientCourse
from jointbench.report import format as show
from jointbench.report.figures.canvas import decades, drawing, export, looks, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained.gradient_conflict import course_table

HEIGHT = 300
BATCH = Style("cosine on a step's batch", GREY, "o")
LARGE_BATCH = Style("cosine on more rows", COLOURS[5], "s")
SENTENCE = (
    "Above: the cosine between the outputs' gradients in the shared layers, mean over fits and pairs; below 0 they "
    "are in conflict. Below: the length of each output's weighted gradient, which says who pulls harder."
)


def gradient_course_figures(data: GradientConflict, backend: str, slug: str) -> list[Figure]:
    """One figure of the course of training; none where no point of it was measured."""
    course = data.course
    if not course.part:
        return []
    styles = tuple(_style(i, output) for i, output in enumerate(course.outputs))
    alternative = (
        f"Mean cosine of the outputs' trunk gradients, from {show.fixed(course.cosine[0], 2)} at the first step to "
        f"{show.fixed(course.cosine[-1], 2)} at the last, {show.plain(backend)}; the table has every point."
    )
    return [
        Figure(
            slug=f"{slug}-course",
            title=f"The shared layers' gradients along training, {show.plain(backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(course, styles, f"{slug}-course", alternative),
            table=course_table(course, backend),
            legend=(BATCH, LARGE_BATCH, *styles),
        )
    ]


def _style(position: int, output: str) -> Style:
    colours = [colour for colour in COLOURS if colour != LARGE_BATCH.colour]
    return Style(output, colours[position % len(colours)], MARKERS[position % len(MARKERS)])


def _draw(course: GradientCourse, styles: tuple[Style, ...], slug: str, alternative: str) -> str:
    lengths = pd.DataFrame(
        [
            (part, output, length if length > 0 else math.nan)
            for part, row in zip(course.part, course.lengths, strict=True)
            for output, length in enumerate(row)
        ],
        columns=["part of training", "output", "length"],
    )
    parts, cosines, large_batch = list(course.part), list(course.cosine), list(course.large_batch_cosine)
    reach = min(max(abs(value) for value in (*cosines, *large_batch)) * 1.15 + 0.05, 1.0)
    with style():
        surface, (above, below) = drawing(HEIGHT, 2, sharex=True)
        above.set(xlim=(-0.02, 1.02), ylim=(-reach, reach))
        reference_line(above, 0.0, horizontal=True)
        seaborn.scatterplot(x=parts, y=cosines, color=BATCH.colour, s=14, alpha=0.6, linewidth=0, ax=above)
        seaborn.lineplot(x=parts, y=large_batch, color=LARGE_BATCH.colour, estimator=None, ax=above)
        above.set_ylabel("cosine")
        below.set_yscale("log")
        known = lengths.length.dropna()
        if len(known):
            decades(below.yaxis, known.min(), known.max())
        seaborn.lineplot(
            lengths,
            x="part of training",
            y="length",
            hue="output",
            estimator=None,
            ax=below,
            **looks(styles),
        )
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        below.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        return export(surface, slug, alternative)
