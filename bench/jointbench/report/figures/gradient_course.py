"""Gradient conflict in the trunk: cosine and length of the outputs' gradients along training."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, strip_points, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import SMALL
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained_answer import answer_table, row_numbers, table_named

TABLE = "Along training"
LENGTH = "Gradient length: "
HEIGHT, LEFT, FIRST = 300, 58, 4
BATCH = Style("cosine on a step's batch", GREY, "o")
LARGE_BATCH = Style("cosine on more rows", COLOURS[5], "s")
SENTENCE = (
    "Above: the cosine between the outputs' gradients in the shared layers, mean over fits and pairs; below 0 they "
    "are in conflict. Below: the length of each output's weighted gradient, which says who pulls harder."
)


def gradient_course_figures(answer: explain.Answer, slug: str) -> list[Figure]:
    """One figure from the answer's table of the course of training."""
    table = table_named(answer, TABLE)
    if table is None or not table.rows:
        return []
    outputs = [column.removeprefix(LENGTH) for column in table.columns[FIRST:]]
    styles = tuple(_style(i, output) for i, output in enumerate(outputs))
    values = [row_numbers(row) for row in table.rows]
    alternative = (
        f"Mean cosine of the outputs' trunk gradients, from {show.fixed(values[0][1], 2)} at the first step to "
        f"{show.fixed(values[-1][1], 2)} at the last, {answer.backend}; the table has every point."
    )
    return [
        Figure(
            slug=f"{slug}-course",
            title=f"The shared layers' gradients along training, {show.plain(answer.backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(values, styles, f"{slug}-course", alternative),
            table=answer_table(table, answer.backend),
            legend=(BATCH, LARGE_BATCH, *styles),
        )
    ]


def _style(position: int, output: str) -> Style:
    colours = [colour for colour in COLOURS if colour != LARGE_BATCH.colour]
    return Style(output, colours[position % len(colours)], MARKERS[position % len(MARKERS)])


def _draw(values: list[list[float]], styles: tuple[Style, ...], slug: str, alternative: str) -> str:
    parts = [row[0] for row in values]
    with style():
        surface = drawing(HEIGHT)
        above = axes(surface, LEFT, 8, WIDTH - LEFT - 12, 120)
        reach = min(max(abs(value) for row in values for value in (row[1], row[3])) * 1.15 + 0.05, 1.0)
        above.set(xlim=(-0.02, 1.02), ylim=(-reach, reach), ylabel="cosine")
        reference_line(above, 0.0, horizontal=True)
        strip_points(above, parts, [row[1] for row in values], BATCH.colour)
        above.plot(parts, [row[3] for row in values], color=LARGE_BATCH.colour, linewidth=1.4)
        above.tick_params(labelbottom=False)
        below = axes(surface, LEFT, 142, WIDTH - LEFT - 12, 116)
        below.set(xlim=(-0.02, 1.02), yscale="log", xlabel="part of training", ylabel="length")
        for i, mark in enumerate(styles):
            lengths = [row[FIRST + i] if row[FIRST + i] > 0 else float("nan") for row in values]
            below.plot(parts, lengths, color=mark.colour, linewidth=1.1)
        below.yaxis.set_minor_locator(NullLocator())
        for panel in (above, below):
            panel.tick_params(labelsize=SMALL)
            panel.xaxis.set_major_locator(MaxNLocator(5))
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        return export(surface, slug, alternative)
