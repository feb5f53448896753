"""What noise alone gives: the measured time ratio of two builds of the same arm."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, fixed_ticks, furthest, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.rows import Mark, draw_marks, row_panels
from jointbench.report.overview import backend_name, request_ratio, step_ratio
from jointbench.report.palette import COLOURS, MARKERS, Style
from jointbench.report.tables.table import Table, columns, interval, name

WIDEST = 1.0  # doublings: the axis ends there; wider intervals are cut
FIRST = 4  # of the colours: those before are the arms'
SENTENCE = (
    "Narrow and around 1 is a good clock: each line is the 95 % interval of the same arm's time over its own, built "
    "twice; no smaller difference between arms can be seen there."
)


def noise_figure(summary: Summary, slug: str) -> Figure | None:
    """The A/A intervals of training steps and requests on every dataset; None where nothing was timed."""
    timed = [
        (cell, [ratio for ratio in _step_and_request(cell) if ratio is not None and ratio.floor is not None])
        for cell in summary.cells
    ]
    floors = [(cell, ratio, ratio.floor) for cell, ratios in timed for ratio in ratios if ratio.floor is not None]
    if not floors:
        return None
    phrases = [
        f"{show.shorten(cell.dataset, 30)}, {show.quantity(ratio.quantity)} {show.ratio(floor)}"
        for cell, ratio, floor in floors
    ]
    rows = tuple(
        (
            name(cell.dataset),
            name(cell.backend),
            name(cell.device),
            name(show.quantity(ratio.quantity)),
            interval(floor, show.ratio),
        )
        for cell, ratio, floor in floors
    )
    titles = columns(("Dataset", "Backend", "Device", "Quantity"), (("A/A floor", "the same arm built twice"),))
    alternative = f"Intervals of the same arm timed against itself: {spoken(phrases)}"
    places = dict.fromkeys(backend_name(cell) for cell, *_ in floors)
    styles = tuple(_style(position, place) for position, place in enumerate(places, FIRST))
    return Figure(
        slug=slug,
        title="What noise alone gives",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(summary, styles, slug, alternative),
        table=Table("A/A: time of an arm over the time of the same arm, built twice.", titles, rows, heads=4),
        legend=styles,
    )


def _style(position: int, place: str) -> Style:
    return Style(place, COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)])


def _step_and_request(cell: CellSummary) -> tuple[Ratio | None, Ratio | None]:
    """The step and the smallest request against the first other arm that was compared."""
    for decision in cell.decisions:
        return step_ratio(cell, decision.other), request_ratio(cell, decision.other)
    return None, None


def _draw(summary: Summary, styles: Sequence[Style], slug: str, alternative: str) -> str:
    order = [dataset.slug for dataset in summary.datasets]
    by_name = {mark.name: mark for mark in styles}
    with style():
        names = [f"{number} {slug}" for number, slug in enumerate(order, 1)]
        surface, panels = row_panels(names, len(styles), ["training step", "request"])
        for i, panel in enumerate(panels):
            floors = [
                (cell, ratio.floor) for cell in summary.cells if (ratio := _step_and_request(cell)[i]) is not None
            ]
            marks = [
                Mark(order.index(cell.dataset), floor, by_name[backend_name(cell)])
                for cell, floor in floors
                if floor is not None and show.known(floor.low)
            ]
            reach = furthest([end for mark in marks for end in (mark.estimate.low, mark.estimate.high)], 0.07, WIDEST)
            panel.set_xscale("log", base=2)
            panel.set_xlim(2 ** (-1.08 * reach), 2 ** (1.08 * reach))
            reference_line(panel, 1.0)
            draw_marks(panel, marks, styles, 4)
            tick = next(step for step in (0.5, 0.2, 0.1, 0.05, 0.02) if 1 + step <= 2**reach or step == 0.02)
            fixed_ticks(panel.xaxis, [1 / (1 + tick), 1, 1 + tick], "{:.2f}".format)
        return export(surface, slug, alternative)
