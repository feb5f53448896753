"""Over datasets: conflict of the gradients against what sharing does to skill."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained_answer import answer_table, row_numbers
from jointbench.stats.correlated_t_test import ROPE

HEIGHT, LEFT = 300, 60
CONFLICT, GAIN = 1, 3
SENTENCE = (
    "Each mark is a dataset: how often its outputs' gradients conflict in the shared layers, and the mean skill "
    "difference, joint minus separate; inside the grey band the two are equivalent."
)


def conflict_vs_transfer_figures(answer: explain.Answer, slug: str) -> list[Figure]:
    """One mark a dataset."""
    (table,) = answer.tables
    points = [(str(row[0]), row_numbers(row)) for row in table.rows]
    alternative = f"Share of steps in conflict against skill difference for {len(points)} datasets; the table has them."
    return [
        Figure(
            slug=f"{slug}-transfer",
            title=f"Conflict and transfer, {show.plain(answer.backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(points, f"{slug}-transfer", alternative),
            table=answer_table(table, answer.backend),
        )
    ]


def _draw(points: list[tuple[str, list[float]]], slug: str, alternative: str) -> str:
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 52)
        top = max([3 * ROPE, *(abs(row[GAIN]) for _, row in points)]) * 1.15
        panel.set(xlim=(0, max(0.5, *(row[CONFLICT] for _, row in points)) * 1.15), ylim=(-top, top))
        panel.set(xlabel="share of steps in conflict", ylabel="joint − separate, mean skill")
        panel.axhspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0, horizontal=True)
        for name, row in points:
            panel.plot([row[CONFLICT]], [row[GAIN]], "o", color=COLOURS[0], markersize=5)
            panel.annotate(
                show.shorten(name, 18),
                xy=(row[CONFLICT], row[GAIN]),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=SMALL - 1,
            )
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        panel.tick_params(labelsize=SMALL)
        return export(surface, slug, alternative)
