"""Costs of joint over another arm's, with intervals and the strip of noise that a clock shows by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.forest import draw_interval
from jointbench.report.figures.rows import ROW, lay_out
from jointbench.report.figures.svg import INK
from jointbench.report.overview import (
    backend_name,
    cells_of,
    flops_ratio,
    overview_table,
    request_ratio,
    select_columns,
    step_ratio,
)
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.cost_ratios import ratio_table
from jointbench.report.tables.quality import cell_name

WIDEST = 32.0
SENTENCE = (
    "Left of the line at 1 joint is cheaper (0.5 is half the cost); a grey strip is what timing the same arm twice "
    "gives, so a mark inside it means nothing."
)
COSTS = ("Dataset", "Backend", "Device", "Against", "Training FLOPs", "Training step", "Latency")


@dataclass(frozen=True)
class RatioRow:
    """A row of a panel: its label, the ratio (None: not measured) and the other arm's style."""

    label: str
    ratio: Ratio | None
    mark: Style


def ratio_figure(cell: CellSummary, folds: int, colours: Palette, slug: str) -> Figure:
    """All cost ratios of one dataset on one backend and device."""
    ratios = [ratio for ratio in cell.ratios if ratio.threads in (None, cell.threads)]
    groups = [
        (
            heading,
            [RatioRow(r.other, r, colours.style(r.other)) for r in ratios if show.quantity(r.quantity) == heading],
        )
        for heading in dict.fromkeys(show.quantity(ratio.quantity) for ratio in ratios)
    ]
    alternative = f"Cost of joint over the other arms' in {cell_name(cell)}: " + _spoken_rows(groups)
    return Figure(
        slug=slug,
        title="Costs, joint / other",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw([(quantity, [rows]) for quantity, rows in groups], ["cost, joint / other"], slug, alternative),
        table=ratio_table(cell),
        legend=_legend(colours, cell.ratios),
        caution=caution([folds]),
    )


def dataset_ratios(summary: Summary, colours: Palette, slug: str) -> Figure:
    """Training FLOPs, training step and latency of every dataset."""
    groups = []
    for number, dataset in enumerate(summary.datasets, 1):
        panels: list[list[RatioRow]] = [[], [], []]
        for cell in cells_of(summary, dataset.slug):
            for i, decision in enumerate(cell.decisions):
                for panel, pick in zip(panels, (flops_ratio, step_ratio, request_ratio), strict=True):
                    ratio = pick(cell, decision.other)
                    label = backend_name(cell) if i == 0 else ""
                    panel.append(RatioRow(label, ratio, colours.style(decision.other)))
        groups.append((f"{number}. {dataset.slug}", panels))
    alternative = "Cost of joint over the other arms' for each dataset: training FLOPs: " + _spoken_rows(
        [(heading, panels[0]) for heading, panels in groups]
    )
    ratios = [ratio for cell in summary.cells for ratio in cell.ratios]
    labels = ["training\nFLOPs", "training\nstep", "request\nlatency"]
    return Figure(
        slug=slug,
        title="Costs, by dataset",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(groups, labels, slug, alternative),
        table=select_columns(overview_table(summary), "Costs, joint / other: below 1 means joint is cheaper.", COSTS),
        legend=_legend(colours, ratios),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _legend(colours: Palette, ratios: Sequence[Ratio]) -> tuple[Style, ...]:
    return tuple(colours.style(other) for other in dict.fromkeys(ratio.other for ratio in ratios))


def _spoken_rows(groups: Sequence[tuple[str, Sequence[RatioRow]]]) -> str:
    phrases = [
        f"{show.shorten(heading, 30)} against {show.shorten(row.mark.name, 30)} {show.ratio(row.ratio.ratio)}"
        for heading, rows in groups
        for row in rows
        if row.ratio is not None
    ]
    return spoken(phrases)


def _draw(
    groups: Sequence[tuple[str, Sequence[Sequence[RatioRow]]]], labels: Sequence[str], slug: str, alternative: str
) -> str:
    """groups: each heading with its rows for every panel, the same rows in each."""
    with style():
        named = [(heading, [row.label for row in panels[0]] or ["not compared"]) for heading, panels in groups]
        layout = lay_out(named, labels)
        for i, panel in enumerate(layout.panels):
            ratios = [row.ratio for _, panels in groups for row in panels[i] if row.ratio is not None]
            _scale(panel, ratios, few=len(labels) > 1)
            reference_line(panel, 1.0)
            for heights, (_, panels) in zip(layout.at, groups, strict=True):
                for height, row in zip(heights, panels[i], strict=False):
                    if row.ratio is not None:
                        _strip(panel, height, row.ratio)
                        draw_interval(panel, height, row.ratio.ratio, row.mark)
        return export(layout.surface, slug, alternative)


def _strip(panel: Axes, height: float, ratio: Ratio) -> None:
    """The A/A floor behind a row."""
    if ratio.floor is None or not (show.known(ratio.floor.low) and show.known(ratio.floor.high)):
        return
    low, high = panel.get_xlim()
    left, right = max(ratio.floor.low, low), min(ratio.floor.high, high)
    if right > left:
        corner = (left, height - ROW / 2)
        panel.add_patch(Rectangle(corner, right - left, ROW, color=INK, alpha=2 * BAND, linewidth=0, zorder=0))


def _scale(panel: Axes, ratios: Sequence[Ratio], few: bool) -> None:
    """A scale of doublings, so that half and twice are equally far from 1, with ticks that people read."""
    values = [ratio.ratio.value for ratio in ratios if show.known(ratio.ratio.value) and ratio.ratio.value > 0]
    ends = [end for r in ratios for end in (r.ratio.low, r.ratio.high) if show.known(end) and end > 0]
    furthest = max((abs(math.log2(value)) for value in values), default=0.0)
    doublings = max(1.0, min(max((abs(math.log2(end)) for end in ends), default=0.0), furthest + 1, math.log2(WIDEST)))
    reach = doublings + 0.3
    panel.set_xscale("log", base=2)
    panel.set_xlim(2**-reach, 2**reach)
    every = 1 if not few and doublings <= 4 else max(1, math.floor(doublings))
    powers = [p for p in range(-int(doublings), int(doublings) + 1) if p % every == 0]
    panel.xaxis.set_major_locator(FixedLocator([2.0**power for power in powers]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if value >= 0.1 else f"1/{1 / value:g}")
    )
