"""Forest plot: differences in skill with their intervals and the region of practical equivalence."""

from __future__ import annotations

from collections.abc import Sequence

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
Line = tuple[str, Estimate, Style]


def sentence(rope: float) -> str:
    """How to read the figure."""
    return (
        "Right of the middle joint is better, left of it the other arm is; an interval inside the grey band "
        f"(±{rope:g}) means that the difference does not matter, and an arrow head that it leaves the figure."
    )


def output_forest(cell: CellSummary, dataset: DatasetSummary, rope: float, colours: Palette, slug: str) -> Figure:
    """Each output's difference from each other arm, on one dataset and backend."""
    groups = [
        (output, [(d.other, d.difference, colours.style(d.other)) for d in cell.differences if d.output == output])
        for output in dataset.outputs
    ]
    alternative = f"Forest plot of skill differences in {cell_name(cell)}: " + _said(groups)
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
        lines: list[Line] = [
            (backend_name(cell) if i == 0 else "", decision.mean_difference, colours.style(decision.other))
            for cell in cells_of(summary, dataset.slug)
            for i, decision in enumerate(cell.decisions)
        ]
        groups.append((f"{number}. {dataset.slug}", lines))
    alternative = "Forest plot of mean skill differences over the outputs of each dataset: " + _said(groups)
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


def _said(groups: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """The lines in words."""
    said = [
        f"{show.shorten(heading, 30)}{f', {show.shorten(label, 30)}' if label else ''} against "
        f"{show.shorten(mark.name, 30)}: {show.difference(estimate)}"
        for heading, lines in groups
        for label, estimate, mark in lines
    ]
    return spoken(said)


def limits(estimates: Sequence[Estimate], rope: float) -> tuple[float, float]:
    """Axis limits, symmetrical about 0, that keep the values apart even where one interval is enormous."""
    values = [abs(estimate.value) for estimate in estimates if show.known(estimate.value)]
    ends = [abs(end) for e in estimates for end in (e.low, e.high) if show.known(end)]
    reach = min(max(ends, default=0.0), max(4 * rope, 2.5 * max(values, default=0.0)))
    return -1.08 * max(reach, 2.5 * rope), 1.08 * max(reach, 2.5 * rope)


def _draw(groups: Sequence[tuple[str, Sequence[Line]]], rope: float, slug: str, alternative: str) -> str:
    with style():
        rows = lay_out(
            [(heading, [line[0] for line in lines] or ["not compared"]) for heading, lines in groups], [LABEL]
        )
        (panel,) = rows.panels
        panel.set_xlim(*limits([line[1] for _, lines in groups for line in lines], rope))
        panel.axvspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        for heights, (_, lines) in zip(rows.at, groups, strict=True):
            for height, (_, estimate, mark) in zip(heights, lines, strict=False):
                draw_interval(panel, height, estimate, mark)
        return export(rows.surface, slug, alternative)


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
