"""Gradient conflict in the trunk: cosine and length of the outputs' gradients along training."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from jointbench.explain.gradient_conflict import GradientConflict, GradientCourse
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, strip_points, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import SMALL
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained.gradient_conflict import course_table

HEIGHT, LEFT = 300, 58
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
    parts, cosines, large_batch = list(course.part), list(course.cosine), list(course.large_batch_cosine)
    with style():
        surface = drawing(HEIGHT)
        above = axes(surface, LEFT, 8, WIDTH - LEFT - 12, 120)
        reach = min(max(abs(value) for value in (*cosines, *large_batch)) * 1.15 + 0.05, 1.0)
        above.set(xlim=(-0.02, 1.02), ylim=(-reach, reach), ylabel="cosine")
        reference_line(above, 0.0, horizontal=True)
        strip_points(above, parts, cosines, BATCH.colour)
        above.plot(parts, large_batch, color=LARGE_BATCH.colour, linewidth=1.4)
        above.tick_params(labelbottom=False)
        below = axes(surface, LEFT, 142, WIDTH - LEFT - 12, 116)
        below.set(xlim=(-0.02, 1.02), yscale="log", xlabel="part of training", ylabel="length")
        for i, mark in enumerate(styles):
            lengths = [row[i] if row[i] > 0 else float("nan") for row in course.lengths]
            below.plot(parts, lengths, color=mark.colour, linewidth=1.1)
        below.yaxis.set_minor_locator(NullLocator())
        for panel in (above, below):
            panel.tick_params(labelsize=SMALL)
            panel.xaxis.set_major_locator(MaxNLocator(5))
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return export(surface, slug, alternative)
