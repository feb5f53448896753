"""Loss weights: each output's skill along the sweep, and the Pareto front of two outputs."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from jointbench.explain.loss_weights import SettingSkill, WeightComparison
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained.loss_weights import settings_table

LEFT, PANEL_HEIGHT, SINGLE_PANEL_HEIGHT = 56, 150, 230
SEPARATE = "separate"
SWEEP = (
    "Each output's skill less that of its separate network (the line at 0), against how many times the named output's "
    "loss weighs what the others do."
)
FRONT = (
    "Each mark is a setting of the loss weights, right and up is better; filled marks are on the Pareto front, the "
    "cross is two separate networks."
)


def loss_weight_sweep_figures(data: WeightComparison, backend: str, slug: str) -> list[Figure]:
    """Skill along the sweep; for two outputs, one against the other too. None where nothing was weighed."""
    if not _weighed_outputs(data):
        return []
    styles = tuple(
        Style(name, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(data.outputs)
    )
    alternative = (
        f"Skill of {len(data.outputs)} outputs under {len(data.settings)} settings of the loss weights; the table has "
        f"them."
    )
    sweep = Figure(
        slug=f"{slug}-sweep",
        title=f"Skill along the sweep of loss weights, {show.plain(backend)}",
        sentence=SWEEP,
        alternative=alternative,
        svg=_sweep(data, styles, f"{slug}-sweep", alternative),
        table=settings_table(data, backend),
        legend=styles,
    )
    return [sweep, _front(data, backend, f"{slug}-front")] if len(data.outputs) == 2 else [sweep]


def _weighed_outputs(data: WeightComparison) -> list[str]:
    return list(dict.fromkeys(skill.setting.output for skill in data.settings if skill.setting.ratio != 1))


def _along(data: WeightComparison, output: str) -> list[SettingSkill]:
    """Equal weights and the settings that weigh this output, by its ratio to the others."""
    along = [skill for skill in data.settings if skill.setting.ratio == 1 or skill.setting.output == output]
    return sorted(along, key=lambda skill: skill.setting.ratio)


def _steps(skill: SettingSkill, data: WeightComparison) -> list[float]:
    """Skill less that of the separate networks, by output."""
    return [joint - separate for joint, separate in zip(skill.skill, data.separate_skill, strict=True)]


def _sweep(data: WeightComparison, styles: tuple[Style, ...], slug: str, alternative: str) -> str:
    weighed_outputs = _weighed_outputs(data)
    reach = max([0.01, *(abs(step) for skill in data.settings for step in _steps(skill, data) if math.isfinite(step))])
    with style():
        panel_height = PANEL_HEIGHT if len(weighed_outputs) > 1 else SINGLE_PANEL_HEIGHT
        surface = drawing(len(weighed_outputs) * panel_height + 24)
        for position, name in enumerate(weighed_outputs):
            panel = axes(surface, LEFT, 18 + position * panel_height, WIDTH - LEFT - 12, panel_height - 40)
            panel.set_title(f"{show.shorten(name, 40)} against the rest", fontsize=SMALL, loc="left", pad=3)
            along = _along(data, name)
            ratios = [skill.setting.ratio for skill in along]
            panel.set_xscale("log", base=2)
            panel.set_ylim(-1.1 * reach, 1.1 * reach)
            panel.set_xlim(ratios[0] / 1.2, ratios[-1] * 1.2)
            reference_line(panel, 0.0, horizontal=True)
            for k, mark in enumerate(styles):
                panel.plot(
                    ratios,
                    [_steps(skill, data)[k] for skill in along],
                    color=mark.colour,
                    marker=mark.marker,
                    markersize=4,
                    linewidth=1.2,
                )
            panel.xaxis.set_major_locator(FixedLocator(ratios))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(
                FuncFormatter(lambda value, _: f"{value:g}" if value >= 1 else f"1/{1 / value:g}")
            )
            panel.yaxis.set_major_locator(MaxNLocator(4))
            panel.tick_params(labelsize=SMALL)
            panel.set_ylabel("skill − separate", fontsize=SMALL)
        return export(surface, slug, alternative)


def _front(data: WeightComparison, backend: str, slug: str) -> Figure:
    first, second = (show.plain(output) for output in data.outputs)
    alternative = f"Skill of {second} against skill of {first} by loss weights; the table has them."
    return Figure(
        slug=slug,
        title=f"What one output pays for the other, {show.plain(backend)}",
        sentence=FRONT,
        alternative=alternative,
        svg=_draw_front(data, slug, alternative),
        table=settings_table(data, backend),
        legend=(Style("joint", COLOURS[0], "o"), Style(SEPARATE, COLOURS[1], "x")),
    )


def _draw_front(data: WeightComparison, slug: str, alternative: str) -> str:
    first, second = (show.shorten(output, 24) for output in data.outputs)
    settings = sorted(data.settings, key=lambda skill: skill.setting.ratio)
    points = np.array([skill.skill for skill in settings])
    separate = (data.separate_skill[0], data.separate_skill[1])
    with style():
        surface = drawing(280)
        panel = axes(surface, LEFT, 10, WIDTH - LEFT - 20, 222)
        panel.set(xlabel=f"skill: {first}", ylabel=f"skill: {second}")
        panel.plot(points[:, 0], points[:, 1], color=GREY, linewidth=0.8, zorder=1)
        for point, skill in zip(points, settings, strict=True):
            panel.plot(
                *point,
                "o",
                color=COLOURS[0],
                markersize=6,
                markerfacecolor=COLOURS[0] if skill.on_front else "none",
                zorder=3,
            )
            panel.annotate(
                skill.setting.label, xy=tuple(point), xytext=(5, 3), textcoords="offset points", fontsize=SMALL
            )
        panel.plot(*separate, "x", color=COLOURS[1], markersize=8, markeredgewidth=2, zorder=4)
        panel.annotate(SEPARATE, xy=separate, xytext=(6, -10), textcoords="offset points", fontsize=SMALL, color=INK)
        panel.margins(0.12)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.yaxis.set_major_locator(MaxNLocator(5))
        panel.tick_params(labelsize=SMALL)
        return export(surface, slug, alternative)
