"""Forest plot: differences in skill with their intervals and the region of practical equivalence."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from jointbench.comparison.summary.run import CellSummary, DatasetSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import Mark, draw_marks, row_panels
from jointbench.report.figures.svg import INK
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.quality import cell_name, difference_table
from jointbench.stats.estimate import Estimate


def output_forest(cell: CellSummary, dataset: DatasetSummary, rope: float, colours: Palette, slug: str) -> Figure:
    """Each output's difference from each other arm, on one dataset and backend."""
    styles = tuple(colours.style(other) for other in dict.fromkeys(d.other for d in cell.differences))
    marks = [Mark(dataset.outputs.index(d.output), d.difference, colours.style(d.other)) for d in cell.differences]
    phrases = [
        f"{show.shorten(d.output, 30)} against {show.shorten(d.other, 30)}: {show.difference(d.difference)}"
        for d in cell.differences
    ]
    alternative = f"Forest plot of skill differences in {cell_name(cell)}: {spoken(phrases)}"
    return Figure(
        slug=slug,
        title="Difference in skill, by output",
        sentence=(
            "Right of the middle joint is better, left of it the other arm is; an interval inside the grey band "
            f"(±{rope:g}) means that the difference does not matter, and an arrow head that it leaves the figure."
        ),
        alternative=alternative,
        svg=_draw(marks, dataset.outputs, styles, rope, slug, alternative),
        table=difference_table(cell),
        legend=styles,
        caution=caution([dataset]),
    )


def limits(estimates: Sequence[Estimate], rope: float) -> tuple[float, float]:
    """Axis limits, symmetrical about 0, that keep the values apart even where one interval is enormous."""
    values = [abs(estimate.value) for estimate in estimates if show.known(estimate.value)]
    ends = [abs(end) for e in estimates for end in (e.low, e.high) if show.known(end)]
    reach = min(max(ends, default=0.0), max(4 * rope, 2.5 * max(values, default=0.0)))
    return -1.08 * max(reach, 2.5 * rope), 1.08 * max(reach, 2.5 * rope)


def _draw(
    marks: Sequence[Mark], outputs: Sequence[str], styles: Sequence[Style], rope: float, slug: str, alternative: str
) -> str:
    with style():
        surface, (panel,) = row_panels(outputs, len(styles), ["difference in skill, joint − other"])
        panel.set_xlim(*limits([mark.estimate for mark in marks], rope))
        panel.axvspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        draw_marks(panel, marks, styles)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        return export(surface, slug, alternative)
