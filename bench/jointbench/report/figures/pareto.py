"""Skill against training FLOPs: an arrow for each output, from another arm to joint."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from jointbench.compare.cost_summary import ArmCost
from jointbench.compare.summary import CellSummary, DatasetSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, rule, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.skill import FLOOR
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import Palette
from jointbench.report.quality_tables import place
from jointbench.report.table import Table, columns, name, number

HEIGHT, LEFT, NAMES = 290, 40, 92
LETTERS = 16
SENTENCE = (
    "Each arrow is one output on its way from another arm to joint: leftwards saves training FLOPs, upwards gains "
    "skill; an arrow to the upper left is gain without cost."
)
Point = tuple[float, float]


def pareto_figure(cell: CellSummary, about: DatasetSummary, colours: Palette, slug: str) -> Figure:
    """The Pareto plot of one dataset on one backend and device."""
    costs = {cost.arm: cost for cost in cell.costs}
    measured = [q for q in cell.quality if q.model in costs and costs[q.model].train_flops > 0 and show.known(q.skill)]
    points = {(q.model, q.output): (costs[q.model].train_flops, q.skill) for q in measured if q.skill >= FLOOR}
    left_out = len(measured) - len(points)
    note = f" Left out because they are far below no skill: {left_out}." if left_out else ""
    said = [f"{show.shorten(arm, 30)} {show.flops(cost.train_flops)}" for arm, cost in costs.items()]
    alternative = (
        f"Skill of {len(about.outputs)} outputs against training FLOPs in {place(cell)}: {'; '.join(said)}; "
        "the skills are in the table."
    )
    return Figure(
        slug, "Skill against training FLOPs", SENTENCE + note, alternative,
        _draw(points, cell.joint, about.outputs, colours, slug, alternative), _table(cell, costs),
        tuple(colours.style(arm) for arm in costs), caution([about.folds]),
    )  # fmt: skip


def _table(cell: CellSummary, costs: dict[str, ArmCost]) -> Table:
    rows = tuple(
        (
            name(q.output),
            name(q.model),
            number(costs[q.model].train_flops, show.flops),
            number(q.skill, lambda v: show.fixed(v, 3)),
        )
        for q in cell.quality
        if q.model in costs
    )
    titles = columns(("Output", "Arm"), ("Training FLOPs", "Skill"))
    return Table(f"Training FLOPs of the whole arm and skill of each output in {place(cell)}.", titles, rows, heads=2)


def _draw(
    points: dict[tuple[str, str], Point],
    joint: str,
    outputs: tuple[str, ...],
    colours: Palette,
    slug: str,
    alternative: str,
) -> str:
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - NAMES, HEIGHT - 50)
        panel.set(xscale="log", xlabel="training FLOPs to the stop, all networks of the arm", ylabel="skill")
        across = [x for x, _ in points.values()] or [1.0]
        down = [y for _, y in points.values()] or [0.0]
        panel.set_xlim(min(across) / 1.25, max(across) * 1.25)
        room = 0.08 * max(max(down) - min(down), 0.05)
        panel.set_ylim(min(down) - room, max(down) + room)
        rule(panel, 0.0, horizontal=True)
        for (arm, output), point in points.items():
            end = points.get((joint, output))
            if arm != joint and end is not None:
                arrow = {
                    "arrowstyle": "-|>",
                    "color": colours.style(arm).colour,
                    "alpha": 0.6,
                    "linewidth": 1,
                    "shrinkA": 3,
                    "shrinkB": 3,
                }
                panel.annotate("", xy=end, xytext=point, arrowprops=arrow)
        for (arm, _), (x, y) in points.items():
            mark = colours.style(arm)
            panel.plot([x], [y], mark.marker, color=mark.colour, markersize=5.5, zorder=4)
        _names(panel, {output: points[joint, output] for output in outputs if (joint, output) in points})
        low, high = panel.get_xlim()
        panel.xaxis.set_major_locator(
            LogLocator(subs=(1.0,) if high / low > 30 else (1.0, 2.0, 5.0) if high / low > 4 else range(1, 10))
        )
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        panel.tick_params(axis="x", labelsize=SMALL)
        return export(surface, slug, alternative)


def _names(panel: Axes, ends: dict[str, Point]) -> None:
    """Names of the outputs in the right margin, pushed apart, each with a thin line to its point."""
    low, high = panel.get_ylim()
    step = (high - low) / (HEIGHT - 50) * (SMALL + 3)
    at = low - step
    right = panel.get_xlim()[1]
    for output, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        at = max(at + step, min(y, high - step))
        panel.plot([x, right], [y, at], color=INK, linewidth=0.5, alpha=0.35, clip_on=False, zorder=1)
        panel.annotate(
            show.shorten(output, LETTERS), xy=(right, at), xytext=(3, 0), textcoords="offset points", va="center",
            fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip
