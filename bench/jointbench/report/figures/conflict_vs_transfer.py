"""Over datasets: conflict of the gradients against what sharing does to skill."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import FuncFormatter

from jointbench.explain.conflict_vs_transfer import ConflictByDataset, DatasetConflict
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained.conflict_vs_transfer import conflict_vs_transfer_tables
from jointbench.stats.correlated_t_test import ROPE

HEIGHT, LEFT = 300, 60
SENTENCE = (
    "Each mark is a dataset: how often its outputs' gradients conflict in the shared layers, and the mean skill "
    "difference, joint minus separate; inside the grey band the two are equivalent."
)


def conflict_vs_transfer_figures(data: ConflictByDataset, backend: str, slug: str) -> list[Figure]:
    """One mark a dataset; none where there is no dataset."""
    points = data.datasets
    if not points:
        return []
    alternative = f"Share of steps in conflict against skill difference for {len(points)} datasets; the table has them."
    (table,) = conflict_vs_transfer_tables(data, backend)
    return [
        Figure(
            slug=f"{slug}-transfer",
            title=f"Conflict and transfer, {show.plain(backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(points, f"{slug}-transfer", alternative),
            table=table,
        )
    ]


def _draw(points: Sequence[DatasetConflict], slug: str, alternative: str) -> str:
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 52)
        top = max([3 * ROPE, *(abs(point.gain) for point in points)]) * 1.15
        panel.set(xlim=(0, max(0.5, *(point.conflict_share for point in points)) * 1.15), ylim=(-top, top))
        panel.set(xlabel="share of steps in conflict", ylabel="joint − separate, mean skill")
        panel.axhspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0, horizontal=True)
        for point in points:
            panel.plot([point.conflict_share], [point.gain], "o", color=COLOURS[0], markersize=5)
            panel.annotate(
                show.shorten(point.dataset, 18),
                xy=(point.conflict_share, point.gain),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=SMALL - 1,
            )
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        panel.tick_params(labelsize=SMALL)
        return export(surface, slug, alternative)
