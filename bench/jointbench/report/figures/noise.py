"""The noise strip: what each clock shows between two builds of the very same arm."""

from __future__ import annotations

import math

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import clipped, export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.rows import lay_out
from jointbench.report.figures.svg import INK
from jointbench.report.overview import backend_name, cells_of, request_ratio, step_ratio
from jointbench.report.tables.table import Cell, Table, columns, interval, name

WIDEST = 2.0  # a strip beyond it is no clock at all
SENTENCE = (
    "Narrow and around 1 is a good clock: each bar is the 95 % interval of the same arm's time over its own, built "
    "twice; no smaller difference between arms can be seen there."
)
Line = tuple[str, tuple[Ratio | None, Ratio | None]]  # a row's label; its step and its request


def noise_figure(summary: Summary, slug: str) -> Figure | None:
    """The A/A intervals of training steps and requests on every dataset; None where nothing was timed."""
    groups: list[tuple[str, list[Line]]] = []
    rows: list[tuple[Cell, ...]] = []
    phrases = []
    for place, dataset in enumerate(summary.datasets, 1):
        lines = []
        for cell in cells_of(summary, dataset.slug):
            step, request = _floors(cell)
            lines.append((backend_name(cell), (step, request)))
            for ratio in (step, request):
                if ratio is not None and ratio.floor is not None:
                    phrases.append(f"{show.shorten(dataset.slug, 30)}, {ratio.quantity} {show.ratio(ratio.floor)}")
                    rows.append(
                        (
                            name(dataset.slug),
                            name(cell.backend),
                            name(cell.device),
                            name(ratio.quantity),
                            interval(ratio.floor, show.ratio),
                        )
                    )
        groups.append((f"{place}. {dataset.slug}", lines))
    if not rows:
        return None
    alternative = f"Intervals of the same arm timed against itself: {spoken(phrases)}"
    titles = columns(("Dataset", "Backend", "Device", "Quantity"), (("A/A floor", "the same arm built twice"),))
    return Figure(
        slug=slug,
        title="What noise alone gives",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(groups, slug, alternative),
        table=Table("A/A: time of an arm over the time of the same arm, built twice.", titles, tuple(rows), heads=4),
    )


def _floors(cell: CellSummary) -> tuple[Ratio | None, Ratio | None]:
    """The step and the smallest request against the first other arm that was compared."""
    for decision in cell.decisions:
        return step_ratio(cell, decision.other), request_ratio(cell, decision.other)
    return None, None


def _draw(groups: list[tuple[str, list[Line]]], slug: str, alternative: str) -> str:
    with style():
        named = [(heading, [line[0] for line in lines] or ["not compared"]) for heading, lines in groups]
        rows = lay_out(named, ["training step", "request"])
        for i, panel in enumerate(rows.panels):
            pairs = [ratios[i] for _, lines in groups for _, ratios in lines]
            floors = [ratio.floor for ratio in pairs if ratio is not None and ratio.floor is not None]
            ends = [
                abs(math.log2(end))
                for floor in floors
                for end in (floor.low, floor.high)
                if show.known(end) and end > 0
            ]
            reach = min(max([math.log2(1.05), *ends]), math.log2(WIDEST)) * 1.08
            limits = (2**-reach, 2**reach)
            panel.set_xscale("log", base=2)
            panel.set_xlim(limits)
            reference_line(panel, 1.0)
            for heights, (_, lines) in zip(rows.at, groups, strict=True):
                for height, (_, ratios) in zip(heights, lines, strict=False):
                    ratio = ratios[i]
                    if ratio is not None and ratio.floor is not None and show.known(ratio.floor.low):
                        low, high, heads = clipped(ratio.floor.low, ratio.floor.high, limits)
                        panel.plot([low, high], [height] * 2, color=INK, alpha=0.45, linewidth=6)
                        for at, head in heads:
                            panel.plot([at], [height], head, color=INK, markersize=5, clip_on=False)
            tick = next(step for step in (0.5, 0.2, 0.1, 0.05, 0.02) if 1 + step <= limits[1] or step == 0.02)
            panel.xaxis.set_major_locator(FixedLocator([1 / (1 + tick), 1, 1 + tick]))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2f}"))
        return export(rows.surface, slug, alternative)
