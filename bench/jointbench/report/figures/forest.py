"""Forest plot: differences in skill with their intervals and the region of practical equivalence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from jointbench.compare.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, clipped, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import lay_out
from jointbench.report.figures.svg import INK
from jointbench.report.overview import backend_name, cells_of, overview_table, select_columns
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.quality import cell_name, difference_table
from jointbench.stats.estimate import Estimate

LABEL = "difference in skill, joint − other"
COMPARED = ("Dataset", "Backend", "Device", "Against", "Mean skill difference")


@dataclass(frozen=True)
class DifferenceRow:
    """A row of the plot: its label, the difference and the other arm's style."""

    label: str
    difference: Estimate
    mark: Style


def sentence(rope: float) -> str:
    """How to read the figure."""
    return (
        "Right of the middle joint is better, left of it the other arm is; an interval inside the grey band "
        f"(±{rope:g}) means that the difference does not matter, and an arrow head that it leaves the figure."
    )


def output_forest(cell: CellSummary, dataset: DatasetSummary, rope: float, colours: Palette, slug: str) -> Figure:
    """Each output's difference from each other arm, on one dataset and backend."""
    groups = [
        (
            output,
            [
                DifferenceRow(d.other, d.difference, colours.style(d.other))
                for d in cell.differences
                if d.output == output
            ],
        )
        for output in dataset.outputs
    ]
    alternative = f"Forest plot of skill differences in {cell_name(cell)}: " + _spoken_rows(groups)
    others = dict.fromkeys(d.other for d in cell.differences)
    return Figure(
        slug=slug,
        title="Difference in skill, by output",
        sentence=sentence(rope),
        alternative=alternative,
        svg=_draw(groups, rope, slug, alternative),
        table=difference_table(cell),
        legend=tuple(colours.style(other) for other in others),
        caution=caution([dataset.folds]),
    )


def dataset_forest(summary: Summary, colours: Palette, slug: str) -> Figure:
    """Each dataset's mean difference over its outputs."""
    groups = []
    for number, dataset in enumerate(summary.datasets, 1):
        rows = [
            DifferenceRow(backend_name(cell) if i == 0 else "", decision.mean_difference, colours.style(decision.other))
            for cell in cells_of(summary, dataset.slug)
            for i, decision in enumerate(cell.decisions)
        ]
        groups.append((f"{number}. {dataset.slug}", rows))
    alternative = "Forest plot of mean skill differences over the outputs of each dataset: " + _spoken_rows(groups)
    others = dict.fromkeys(decision.other for cell in summary.cells for decision in cell.decisions)
    return Figure(
        slug=slug,
        title="Mean difference in skill, by dataset",
        sentence=sentence(summary.rope),
        alternative=alternative,
        svg=_draw(groups, summary.rope, slug, alternative),
        table=select_columns(overview_table(summary), "Mean skill difference, joint − other.", COMPARED),
        legend=tuple(colours.style(other) for other in others),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _spoken_rows(groups: Sequence[tuple[str, Sequence[DifferenceRow]]]) -> str:
    phrases = []
    for heading, rows in groups:
        for row in rows:
            label = f", {show.shorten(row.label, 30)}" if row.label else ""
            arms = f"{show.shorten(heading, 30)}{label} against {show.shorten(row.mark.name, 30)}"
            phrases.append(f"{arms}: {show.difference(row.difference)}")
    return spoken(phrases)


def limits(estimates: Sequence[Estimate], rope: float) -> tuple[float, float]:
    """Axis limits, symmetrical about 0, that keep the values apart even where one interval is enormous."""
    values = [abs(estimate.value) for estimate in estimates if show.known(estimate.value)]
    ends = [abs(end) for e in estimates for end in (e.low, e.high) if show.known(end)]
    reach = min(max(ends, default=0.0), max(4 * rope, 2.5 * max(values, default=0.0)))
    return -1.08 * max(reach, 2.5 * rope), 1.08 * max(reach, 2.5 * rope)


def _draw(groups: Sequence[tuple[str, Sequence[DifferenceRow]]], rope: float, slug: str, alternative: str) -> str:
    with style():
        named = [(heading, [row.label for row in rows] or ["not compared"]) for heading, rows in groups]
        layout = lay_out(named, [LABEL])
        (panel,) = layout.panels
        panel.set_xlim(*limits([row.difference for _, rows in groups for row in rows], rope))
        panel.axvspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        for heights, (_, rows) in zip(layout.at, groups, strict=True):
            for height, row in zip(heights, rows, strict=False):
                draw_interval(panel, height, row.difference, row.mark)
        return export(layout.surface, slug, alternative)


def draw_interval(panel: Axes, height: float, estimate: Estimate, mark: Style) -> None:
    """A value with its interval at one row; ends beyond the axis become arrow heads."""
    if not show.known(estimate.value):
        return
    limits_ = panel.get_xlim()
    low, high, heads = clipped(estimate.low, estimate.high, limits_)
    panel.plot([low, high], [height, height], color=mark.colour, linewidth=1.6, zorder=3)
    for at, head in heads:
        panel.plot([at], [height], head, color=mark.colour, markersize=5, clip_on=False, zorder=3)
    if limits_[0] <= estimate.value <= limits_[1]:
        panel.plot([estimate.value], [height], mark.marker, color=mark.colour, markersize=5.5, zorder=4)
