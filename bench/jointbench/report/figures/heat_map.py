"""Heat map of the break-even study: the measured ratio joint / other by outputs and width, beside its predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from jointbench.report import format as show
from jointbench.report.figures.canvas import drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.shades import ROW, draw_cells, two_way
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS, Style
from jointbench.report.tables.table import Table
from jointbench.scaling.points import OTHERS, Point, Study
from jointbench.scaling.regimes import SIZED, WORK, follows

HEAD = 56  # height of what is above and below the cells
FURTHEST = 5.0  # doublings at which the colour is full
SENTENCE = (
    "Each number is the time of joint over that of the separate networks. Where layers are narrow fixed costs decide: "
    "between the two columns on the left, which count networks and calls of layers; where they are wide the FLOPs do, "
    "the column on the right. A framed cell is nearer to the FLOPs, where they can be told apart; – was not measured."
)


def heat_map(study: Study, backend: str, device: str, scenario: str, table: Table, slug: str) -> Figure:
    """One backend's ratios for one scenario, a map for each rule of sizing."""
    points = [
        point
        for point in study.points
        if (point.backend, point.device, point.line.scenario) == (backend, device, scenario) and study.in_grid(point)
    ]
    phrases = [
        f"against {point.other}, {point.outputs} outputs, width {point.line.width}: {show.ratio(measured)}"
        for point in points
        if point.outputs > 1 and (measured := point.measured) is not None
    ]
    location = f"{backend} on {device}, {WORK[scenario]}"
    alternative = f"Cost of joint over separate, {location}: {spoken(phrases)}"
    legend = (Style("joint is cheaper", COLOURS[0], "s"), Style("separate is cheaper", COLOURS[1], "s"))
    return Figure(
        slug=slug,
        title=f"Joint / separate by outputs and width: {location}",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(study, points, slug, alternative),
        table=table,
        legend=legend,
    )


def _draw(study: Study, points: Sequence[Point], slug: str, alternative: str) -> str:
    counts = [count for count in study.outputs if count > 1]
    by_cell = {(point.other, point.outputs, point.line.width): point for point in points}
    with style():
        surface, panels = drawing(
            (HEAD + ROW * len(counts)) * len(OTHERS), len(OTHERS), 3, width_ratios=[2, len(study.widths), 1]
        )
        for other, (fixed, middle, right) in zip(OTHERS, zip(*[iter(panels)] * 3, strict=True), strict=True):
            rows = [[by_cell.get((other, count, width)) for width in study.widths] for count in counts]
            known = [[point for point in row if point is not None] for row in rows]
            calls = [[row[0].networks_ratio, row[0].calls_ratio] if row else [None] * 2 for row in known]
            _panel(fixed, calls, ["nets", "calls"], [str(count) for count in counts])
            _panel(middle, [[_value(point) for point in row] for row in rows], [str(width) for width in study.widths])
            _panel(right, [[row[-1].flops_ratio if row else None] for row in known], ["FLOPs"])
            _frame(middle, rows)
            fixed.set(ylabel="outputs", title=f"against {SIZED[other]}")
            middle.set_xlabel("width of joint's layers, measured")
        return export(surface, slug, alternative)


def _value(point: Point | None) -> float | None:
    measured = point.measured if point else None
    return measured.value if measured else None


def _panel(
    panel: Axes, values: Sequence[Sequence[float | None]], columns: Sequence[str], rows: Sequence[str] = ()
) -> None:
    """Cells coloured by doublings away from 1, with their numbers."""
    powers = [[math.log2(value) if value else None for value in row] for row in values]
    texts = [[f"{value:.2f}" if value else "–" for value in row] for row in values]
    draw_cells(panel, powers, texts, two_way(), (-FURTHEST, FURTHEST), columns, rows)


def _frame(panel: Axes, rows: Sequence[Sequence[Point | None]]) -> None:
    for down, row in enumerate(rows):
        for across, point in enumerate(row):
            if point is not None and follows(point) == "FLOPs":
                corner = (across + 0.06, down + 0.08)
                panel.add_patch(Rectangle(corner, 0.88, 0.84, fill=False, edgecolor=INK, linewidth=1.0))
