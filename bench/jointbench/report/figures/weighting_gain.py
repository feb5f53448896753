"""Methods that set the loss weights: what each gains over the best fixed weights, and what a step costs."""

from __future__ import annotations

import math

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, WIDTH, axes, clipped, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained_answer import answer_table, row_numbers, table_named
from jointbench.stats.correlated_t_test import ROPE

TABLE = "Methods beside fixed weights"
GAIN, LOW, HIGH, SECONDS = 3, 4, 5, 7
LEFT, RIGHT, ROW = 150, 64, 26
WIDEST = 0.3  # of skill: an interval that is wider is cut, with an arrow head
SENTENCE = (
    "Right of the line is better than the fixed weights that validation rows choose; the grey band is equivalence. On "
    "the right, the seconds of a step over those of one with fixed weights."
)


def weighting_gain_figures(answer: explain.Answer, slug: str) -> list[Figure]:
    """One row for each method that ran, and one for equal weights."""
    table = table_named(answer, TABLE)
    if table is None:
        return []
    rows = [(show.shorten(str(row[0]), 26), row_numbers(row)) for row in table.rows]
    drawn = [(name, row) for name, row in rows if math.isfinite(row[LOW]) and row[HIGH] > row[LOW]]
    if not drawn:
        return []
    alternative = "; ".join(f"{name} {show.fixed(row[GAIN], 3, sign=True)}" for name, row in drawn) + " of mean skill."
    return [
        Figure(
            slug=f"{slug}-methods",
            title=f"Methods against the best fixed weights, {show.plain(answer.backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(drawn, f"{slug}-methods", alternative),
            table=answer_table(table, answer.backend),
        )
    ]


def _draw(rows: list[tuple[str, list[float]]], slug: str, alternative: str) -> str:
    with style():
        surface = drawing(len(rows) * ROW + 46)
        panel = axes(surface, LEFT, 4, WIDTH - LEFT - RIGHT, len(rows) * ROW)
        reach = min(max(0.02, *(abs(row[end]) for _, row in rows for end in (LOW, HIGH))) * 1.05, WIDEST)
        panel.set(xlim=(-reach, reach), ylim=(len(rows) - 0.5, -0.5), xlabel="method − best fixed, mean skill")
        panel.axvspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        for position, (_, row) in enumerate(rows):
            low, high, heads = clipped(row[LOW], row[HIGH], (-reach, reach))
            panel.plot([low, high], [position, position], color=COLOURS[0], linewidth=1.6)
            for at, head in heads:
                panel.plot([at], [position], head, color=COLOURS[0], markersize=5, clip_on=False)
            if -reach <= row[GAIN] <= reach:
                panel.plot([row[GAIN]], [position], "o", color=COLOURS[0], markersize=6)
            if math.isfinite(row[SECONDS]):
                panel.annotate(
                    f"{show.fixed(row[SECONDS], 2)}x s",
                    xy=(reach, position),
                    xytext=(10, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=SMALL,
                    annotation_clip=False,
                )
        panel.set_yticks(range(len(rows)), [name for name, _ in rows])
        panel.tick_params(axis="y", length=0)
        panel.tick_params(labelsize=SMALL)
        return export(surface, slug, alternative)
