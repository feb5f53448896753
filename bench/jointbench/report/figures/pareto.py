"""Skill against its cost (training FLOPs, time, latency): an arrow from another arm to joint for each output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from jointbench.compare.summary.costs import ArmCost
from jointbench.compare.summary.run import CellSummary, DatasetSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.latency import latencies_of
from jointbench.report.figures.skill import FLOOR
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.overview import IN_TURN
from jointbench.report.palette import Palette
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Table, columns, name, number
from jointbench.types import FloatArray

PANEL, TOP, BELOW, LEFT, NAMES = 130, 8, 46, 40, 92
LETTERS, TITLE_LETTERS = 16, 60
GAP, HEAD = 4, 4
SENTENCE = (
    "Each arrow is one output on its way from another arm to joint: leftwards is cheaper, upwards gains skill; an "
    "arrow to the upper left is gain without cost."
)
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A cost that skill is drawn against: its title in the table, its label, an arm's value and how it is written."""

    title: str
    label: str
    value: Callable[[ArmCost], float | None]
    text: Callable[[float | None], str]
    tick: Callable[[float], str]


def pareto_figure(cell: CellSummary, dataset: DatasetSummary, colours: Palette, slug: str) -> Figure:
    """The Pareto plots of one dataset on one backend and device: one for each cost that was measured."""
    costs = {cost.arm: cost for cost in cell.costs}
    scored = [quality for quality in cell.quality if quality.model in costs and show.known(quality.skill)]
    left_out = sum(quality.skill < FLOOR for quality in scored)
    note = f" Left out because they are far below no skill: {left_out}." if left_out else ""
    possible_axes = _possible_axes(cell)
    panels = [
        (
            axis,
            {
                (quality.model, quality.output): (value, quality.skill)
                for quality in scored
                if quality.skill >= FLOOR and (value := _value(axis, costs[quality.model]))
            },
        )
        for axis in possible_axes
    ]
    panels = [(axis, points) for axis, points in panels if points] or [(possible_axes[0], {})]
    against = _enumeration([axis.title[0].lower() + axis.title[1:] for axis, _ in panels])
    phrases = [
        f"{show.shorten(arm, 30)} {', '.join(axis.text(_value(axis, cost)) for axis, _ in panels)}"
        for arm, cost in costs.items()
    ]
    alternative = (
        f"Skill of {len(dataset.outputs)} outputs against {against} in {cell_name(cell)}: {'; '.join(phrases)}; "
        "the skills are in the table."
    )
    return Figure(
        slug=slug,
        title=f"Skill against {against}",
        sentence=SENTENCE + note,
        alternative=alternative,
        svg=_draw(panels, cell.joint, dataset.outputs, colours, slug, alternative),
        table=_table(cell, dataset, [axis for axis, _ in panels]),
        legend=tuple(colours.style(arm) for arm in costs),
        caution=caution([dataset.folds]),
    )


def _possible_axes(cell: CellSummary) -> tuple[Axis, ...]:
    """Training FLOPs, training time and the latency of the smallest request that was timed."""
    batch_sizes = [latency_.batch_size for cost in cell.costs for latency_ in latencies_of(cell, cost, IN_TURN)]
    smallest = min(batch_sizes, default=1)

    def latency(cost: ArmCost) -> float | None:
        return next(
            (
                latency_.median_seconds
                for latency_ in latencies_of(cell, cost, IN_TURN)
                if latency_.batch_size == smallest
            ),
            None,
        )

    rows = f"{smallest} row{'s' if smallest > 1 else ''}"
    return (
        Axis(
            "Training FLOPs",
            "training FLOPs to the stop, all networks of the arm",
            lambda c: c.train_flops,
            show.flops,
            show.tick,
        ),
        Axis(
            "Training time",
            "training time to the stop, all networks of the arm",
            lambda c: c.train_seconds,
            show.seconds,
            _seconds_tick,
        ),
        Axis(
            f"Latency at batch {smallest}",
            f"latency of a request of {rows}, networks in turn",
            latency,
            show.seconds,
            _seconds_tick,
        ),
    )


def _seconds_tick(value: float) -> str:
    """A time for a tick: without trailing zeros, because a tick is exact, and never in minutes."""
    number_text, _, unit = show.seconds(value).partition(" ")
    return f"{value:,.0f} s" if unit in ("min", "h") else f"{float(number_text):g} {unit}"


def _value(axis: Axis, cost: ArmCost) -> float | None:
    """The arm's cost, None where a logarithmic axis cannot show it."""
    value = axis.value(cost)
    return value if value is not None and show.known(value) and value > 0 else None


def _enumeration(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _table(cell: CellSummary, dataset: DatasetSummary, axes_drawn: Sequence[Axis]) -> Table:
    skills = {(quality.model, quality.output): quality.skill for quality in cell.quality}
    rows = tuple(
        (
            name(cost.arm),
            *(number(_value(axis, cost), axis.text) for axis in axes_drawn),
            *(number(skills.get((cost.arm, output)), lambda v: show.fixed(v, 3)) for output in dataset.outputs),
        )
        for cost in cell.costs
    )
    titles = columns(
        ("Arm",),
        (
            *(axis.title for axis in axes_drawn),
            *((show.shorten(output, TITLE_LETTERS), "skill") for output in dataset.outputs),
        ),
    )
    return Table(f"What every arm costs and its skill on each output in {cell_name(cell)}.", titles, rows)


def _draw(
    panels: Sequence[tuple[Axis, dict[tuple[str, str], Point]]],
    joint: str,
    outputs: tuple[str, ...],
    colours: Palette,
    slug: str,
    alternative: str,
) -> str:
    tall = max(PANEL, len(outputs) * (SMALL + 3) + TOP)
    with style():
        surface = drawing(len(panels) * (TOP + tall + BELOW))
        down = [y for _, points in panels for _, y in points.values()] or [0.0]
        room = 0.08 * max(max(down) - min(down), 0.05)
        for i, (axis, points) in enumerate(panels):
            panel = axes(surface, LEFT, TOP + i * (TOP + tall + BELOW), WIDTH - LEFT - NAMES, tall)
            across = [x for x, _ in points.values()] or [1.0]
            panel.set(xscale="log", xlabel=axis.label, ylabel="skill")
            panel.set(xlim=(min(across) / 1.25, max(across) * 1.25), ylim=(min(down) - room, max(down) + room))
            _arrows(panel, points, joint, colours)
            _names(panel, {output: points[joint, output] for output in outputs if (joint, output) in points}, tall)
            _ticks(panel, axis)
        return export(surface, slug, alternative)


def _arrows(panel: Axes, points: dict[tuple[str, str], Point], joint: str, colours: Palette) -> None:
    """A mark for every arm and output, and an arrow to joint's mark. An arm's arrows are one path: fewer bytes."""
    reference_line(panel, 0.0, horizontal=True)
    for arm in dict.fromkeys(arm for arm, _ in points):
        mark = colours.style(arm)
        arm_points = {output: point for (point_arm, output), point in points.items() if point_arm == arm}
        ends = [
            (point, points[joint, output])
            for output, point in arm_points.items()
            if arm != joint and (joint, output) in points
        ]
        if ends:
            path = Path.make_compound_path(*(_arrow(*panel.transData.transform(pair)) for pair in ends))
            panel.add_patch(PathPatch(path, transform=None, color=mark.colour, alpha=0.6, linewidth=1, clip_on=False))
        for x, y in arm_points.values():
            panel.plot([x], [y], mark.marker, color=mark.colour, markersize=5.5, zorder=4)


def _arrow(start: FloatArray, end: FloatArray) -> Path:
    """A line with a head, in pixels, that leaves a gap at both ends for the marks."""
    way = end - start
    length = max(float(np.hypot(*way)), 1e-9)
    along = way / length
    aside = np.array([-along[1], along[0]])
    gap = min(GAP, length / 3)
    tip, tail = end - gap * along, start + gap * along
    corners = [tail, tip, tip - HEAD * along + HEAD / 2 * aside, tip - HEAD * along - HEAD / 2 * aside, tip]
    return Path(np.array(corners), [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.LINETO])


def _ticks(panel: Axes, axis: Axis) -> None:
    low, high = panel.get_xlim()
    panel.xaxis.set_major_locator(
        LogLocator(
            subs=(1.0,)
            if high / low > 30
            else (1.0, 2.0, 5.0)
            if high / low > 4
            else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        )
    )
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis.tick(value)))
    panel.tick_params(axis="x", labelsize=SMALL)


def _names(panel: Axes, ends: dict[str, Point], tall: float) -> None:
    """Names of the outputs in the right margin, pushed apart, each with a thin line to its point."""
    low, high = panel.get_ylim()
    step = (high - low) / tall * (SMALL + 3)
    right = panel.get_xlim()[1]
    named = sorted(ends.items(), key=lambda item: item[1][1])
    at: list[float] = []
    for count, (_, (_, y)) in enumerate(named, 1):
        room_above = high - step * (len(named) - count)
        at.append(min(max(y, at[-1] + step if at else low), room_above))
    for (output, (x, y)), level in zip(named, at, strict=True):
        panel.plot([x, right], [y, level], color=INK, linewidth=0.5, alpha=0.35, clip_on=False, zorder=1)
        panel.annotate(
            show.shorten(output, LETTERS),
            xy=(right, level),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            annotation_clip=False,
        )
