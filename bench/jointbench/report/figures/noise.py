"""The noise strip: the measured time ratio of two builds of the same arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
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
from jointbench.stats.estimate import Estimate

WIDEST = 2.0  # the axis ends here; wider strips are cut
SENTENCE = (
    "Narrow and around 1 is a good clock: each bar is the 95 % interval of the same arm's time over its own, built "
    "twice; no smaller difference between arms can be seen there."
)


@dataclass(frozen=True)
class NoiseRow:
    """A row of both panels: its label, and the noise floors of a training step and of a request; None: not timed."""

    label: str
    floors: tuple[Estimate | None, Estimate | None]


def noise_figure(summary: Summary, slug: str) -> Figure | None:
    """The A/A intervals of training steps and requests on every dataset; None where nothing was timed."""
    groups: list[tuple[str, list[NoiseRow]]] = []
    table_rows: list[tuple[Cell, ...]] = []
    phrases = []
    for number, dataset in enumerate(summary.datasets, 1):
        rows = []
        for cell in cells_of(summary, dataset.slug):
            ratios = _step_and_request(cell)
            step, request = (ratio.floor if ratio else None for ratio in ratios)
            rows.append(NoiseRow(backend_name(cell), (step, request)))
            for ratio in ratios:
                if ratio is not None and ratio.floor is not None:
                    phrases.append(
                        f"{show.shorten(dataset.slug, 30)}, {show.quantity(ratio.quantity)} {show.ratio(ratio.floor)}"
                    )
                    table_rows.append(
                        (
                            name(dataset.slug),
                            name(cell.backend),
                            name(cell.device),
                            name(show.quantity(ratio.quantity)),
                            interval(ratio.floor, show.ratio),
                        )
                    )
        groups.append((f"{number}. {dataset.slug}", rows))
    if not table_rows:
        return None
    alternative = f"Intervals of the same arm timed against itself: {spoken(phrases)}"
    titles = columns(("Dataset", "Backend", "Device", "Quantity"), (("A/A floor", "the same arm built twice"),))
    return Figure(
        slug=slug,
        title="What noise alone gives",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(groups, slug, alternative),
        table=Table(
            "A/A: time of an arm over the time of the same arm, built twice.", titles, tuple(table_rows), heads=4
        ),
    )


def _step_and_request(cell: CellSummary) -> tuple[Ratio | None, Ratio | None]:
    """The step and the smallest request against the first other arm that was compared."""
    for decision in cell.decisions:
        return step_ratio(cell, decision.other), request_ratio(cell, decision.other)
    return None, None


def _draw(groups: list[tuple[str, list[NoiseRow]]], slug: str, alternative: str) -> str:
    with style():
        named = [(heading, [row.label for row in rows] or ["not compared"]) for heading, rows in groups]
        layout = lay_out(named, ["training step", "request"])
        for i, panel in enumerate(layout.panels):
            limits = _limits([row.floors[i] for _, rows in groups for row in rows])
            panel.set_xscale("log", base=2)
            panel.set_xlim(limits)
            reference_line(panel, 1.0)
            for heights, (_, rows) in zip(layout.at, groups, strict=True):
                for height, row in zip(heights, rows, strict=False):
                    floor = row.floors[i]
                    if floor is not None and show.known(floor.low):
                        _bar(panel, height, floor, limits)
            tick = next(step for step in (0.5, 0.2, 0.1, 0.05, 0.02) if 1 + step <= limits[1] or step == 0.02)
            panel.xaxis.set_major_locator(FixedLocator([1 / (1 + tick), 1, 1 + tick]))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2f}"))
        return export(layout.surface, slug, alternative)


def _limits(floors: Sequence[Estimate | None]) -> tuple[float, float]:
    """Axis limits, as far below 1 as above in logarithms."""
    ends = [end for floor in floors if floor is not None for end in (floor.low, floor.high)]
    doublings = [abs(math.log2(end)) for end in ends if show.known(end) and end > 0]
    reach = min(max([math.log2(1.05), *doublings]), math.log2(WIDEST)) * 1.08
    return 2**-reach, 2**reach


def _bar(panel: Axes, height: float, floor: Estimate, limits: tuple[float, float]) -> None:
    low, high, heads = clipped(floor.low, floor.high, limits)
    panel.plot([low, high], [height] * 2, color=INK, alpha=0.45, linewidth=6)
    for at, head in heads:
        panel.plot([at], [height], head, color=INK, markersize=5, clip_on=False)
