"""Costs of joint over another arm's, with intervals and the strip of noise that a clock shows by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.run import CellSummary, DatasetSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, doublings, export, furthest, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import Mark, draw_marks, grey_strips, row_panels
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.cost_ratios import ratio_table
from jointbench.report.tables.quality import cell_name

WIDEST = 5.0  # doublings
SENTENCE = (
    "Left of the line at 1 joint is cheaper (0.5 is half the cost); a grey strip is what timing the same arm twice "
    "gives, so a mark inside it means nothing."
)


def ratio_figure(cell: CellSummary, dataset: DatasetSummary, colours: Palette, slug: str) -> Figure:
    """All cost ratios of one dataset on one backend and device."""
    ratios = [ratio for ratio in cell.ratios if ratio.threads in (None, cell.threads)]
    phrases = [
        f"{show.quantity(ratio.quantity)} against {show.shorten(ratio.other, 30)} {show.ratio(ratio.ratio)}"
        for ratio in ratios
    ]
    alternative = f"Cost of joint over the other arms' in {cell_name(cell)}: {spoken(phrases)}"
    styles = tuple(colours.style(other) for other in dict.fromkeys(ratio.other for ratio in cell.ratios))
    return Figure(
        slug=slug,
        title="Costs, joint / other",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(ratios, styles, slug, alternative),
        table=ratio_table(cell),
        legend=styles,
        caution=caution([dataset]),
    )


def _draw(ratios: Sequence[Ratio], styles: Sequence[Style], slug: str, alternative: str) -> str:
    by_name = {mark.name: mark for mark in styles}
    rows = list(dict.fromkeys(show.quantity(ratio.quantity) for ratio in ratios))
    with style():
        surface, (panel,) = row_panels(rows, len(styles), ["cost, joint / other"])
        reach = _reach(ratios)
        panel.set_xscale("log", base=2)
        panel.set_xlim(2 ** -(reach + 0.3), 2 ** (reach + 0.3))
        doublings(panel.xaxis, -reach, reach)
        reference_line(panel, 1.0)
        floors = [
            Mark(rows.index(show.quantity(ratio.quantity)), ratio.floor, by_name[ratio.other])
            for ratio in ratios
            if ratio.floor is not None and show.known(ratio.floor.low) and show.known(ratio.floor.high)
        ]
        grey_strips(panel, floors, styles, 2 * BAND)
        draw_marks(panel, [_mark(ratio, rows, by_name) for ratio in ratios], styles)
        return export(surface, slug, alternative)


def _mark(ratio: Ratio, rows: Sequence[str], by_name: dict[str, Style]) -> Mark:
    return Mark(rows.index(show.quantity(ratio.quantity)), ratio.ratio, by_name[ratio.other])


def _reach(ratios: Sequence[Ratio]) -> float:
    """How many doublings the axis goes either way: so far as the ends, but not much further than the values."""
    values = furthest([ratio.ratio.value for ratio in ratios], 0.0, math.inf)
    ends = furthest([end for ratio in ratios for end in (ratio.ratio.low, ratio.ratio.high)], 0.0, values + 1)
    return min(max(1.0, ends), WIDEST)
