"""Over datasets: conflict of the gradients against what sharing does to skill."""

from __future__ import annotations

from collections.abc import Sequence

import seaborn
from matplotlib.ticker import PercentFormatter

from jointbench.explain.conflict_vs_transfer import ConflictByDataset, DatasetConflict
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, drawing, export, reference_line, style, text_beside
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained.conflict_vs_transfer import conflict_vs_transfer_tables
from jointbench.stats.correlated_t_test import ROPE

HEIGHT = 300
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
    shares, gains = [point.conflict_share for point in points], [point.gain for point in points]
    with style():
        surface, (panel,) = drawing(HEIGHT)
        top = max([3 * ROPE, *map(abs, gains)]) * 1.15
        panel.set(xlim=(0, max(0.5, *shares) * 1.15), ylim=(-top, top))
        panel.axhspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0, horizontal=True)
        seaborn.scatterplot(x=shares, y=gains, color=COLOURS[0], s=28, linewidth=0, ax=panel)
        for point in points:
            text_beside(panel, show.shorten(point.dataset, 18), point.conflict_share, point.gain)
        panel.set(xlabel="share of steps in conflict", ylabel="joint − separate, mean skill")
        panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        return export(surface, slug, alternative)
