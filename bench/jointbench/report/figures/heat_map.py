"""Heat map of the break-even study: the measured ratio joint / other by outputs and width, beside its predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.patches import Rectangle

from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS, Style
from jointbench.report.tables.table import Table
from jointbench.scaling.points import OTHERS, Point, Study
from jointbench.scaling.regimes import SIZED, WORK, follows

ROW, LEFT, GAP, HEAD, FOOT = 22, 34, 5, 34, 36
FURTHEST = 5.0  # doublings at which the colour is full
OPACITY = 0.6  # so that the page's ink is readable on every cell
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
    unit = (WIDTH - LEFT - 6 - 2 * GAP) / (len(study.widths) + 3)
    map_height = HEAD + ROW * len(counts) + FOOT
    with style():
        surface = drawing(map_height * len(OTHERS))
        for i, other in enumerate(OTHERS):
            rows = [[by_cell.get((other, count, width)) for width in study.widths] for count in counts]
            top, height = i * map_height + HEAD, ROW * len(counts)
            known = [[point for point in row if point is not None] for row in rows]
            fixed = axes(surface, LEFT, top, 2 * unit, height)
            _panel(fixed, [[row[0].networks_ratio, row[0].calls_ratio] if row else [None] * 2 for row in known])
            middle = axes(surface, LEFT + 2 * unit + GAP, top, unit * len(study.widths), height)
            _panel(middle, [[_value(point) for point in row] for row in rows])
            right = axes(surface, LEFT + unit * (2 + len(study.widths)) + 2 * GAP, top, unit, height)
            _panel(right, [[row[-1].flops_ratio if row else None] for row in known])
            _frame(middle, rows)
            fixed.set_yticks([i + 0.5 for i in range(len(counts))], [str(count) for count in counts], rotation=0)
            fixed.set_ylabel("outputs", labelpad=1)
            for panel, labels in (
                (fixed, ["nets", "calls"]),
                (middle, [str(width) for width in study.widths]),
                (right, ["FLOPs"]),
            ):
                panel.set_xticks([i + 0.5 for i in range(len(labels))], labels, rotation=0)
            middle.set_xlabel("width of joint's layers, measured", labelpad=2)
            title = f"against {SIZED[other]}"
            surface.text(
                2 / WIDTH, 1 - (top - 12) / (map_height * len(OTHERS)), title, fontsize=SMALL + 1, fontweight="bold"
            )
        return export(surface, slug, alternative)


def _value(point: Point | None) -> float | None:
    measured = point.measured if point else None
    return measured.value if measured else None


def _panel(panel: Axes, values: Sequence[Sequence[float | None]]) -> None:
    """Cells coloured by doublings away from 1, with their numbers."""
    doublings = np.array([[math.log2(value) if value else math.nan for value in row] for row in values])
    texts = np.array([[f"{value:.2f}" if value else "–" for value in row] for row in values])
    joint, separate = to_rgba(COLOURS[0], OPACITY), to_rgba(COLOURS[1], OPACITY)
    nothing = [(*joint[:3], 0.0), (*separate[:3], 0.0)]
    colours = LinearSegmentedColormap.from_list(
        "cost", [(0.0, joint), (0.5, nothing[0]), (0.5, nothing[1]), (1.0, separate)]
    )
    seaborn.heatmap(
        doublings,
        ax=panel,
        vmin=-FURTHEST,
        vmax=FURTHEST,
        cmap=colours,
        cbar=False,
        annot=False,
        xticklabels=False,
        yticklabels=False,
    )
    for down, row in enumerate(texts):
        for across, text in enumerate(row):
            panel.text(across + 0.5, down + 0.5, text, fontsize=SMALL, ha="center", va="center_baseline", color=INK)
    panel.tick_params(length=0, pad=2)


def _frame(panel: Axes, rows: Sequence[Sequence[Point | None]]) -> None:
    for down, row in enumerate(rows):
        for across, point in enumerate(row):
            if point is not None and follows(point) == "FLOPs":
                corner = (across + 0.06, down + 0.08)
                panel.add_patch(Rectangle(corner, 0.88, 0.84, fill=False, edgecolor=INK, linewidth=1.0))
