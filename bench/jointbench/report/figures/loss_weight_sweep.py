"""Loss weights: each output's skill along the sweep, and the Pareto front of two outputs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import seaborn
from matplotlib.ticker import MaxNLocator

from jointbench.explain.loss_weights import WeightComparison
from jointbench.report import format as show
from jointbench.report.figures.canvas import (
    drawing,
    export,
    fixed_ticks,
    half_or_double,
    looks,
    reference_line,
    style,
    text_beside,
)
from jointbench.report.figures.figure import Figure
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained.loss_weights import settings_table

PANEL, SINGLE_PANEL = 150, 240  # heights
SEPARATE = Style("separate", COLOURS[1], "X")
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


def _along(data: WeightComparison, output: str) -> pd.DataFrame:
    """Skill less that of the separate networks, under equal weights and the settings that weigh this output."""
    return pd.DataFrame(
        [
            (skill.setting.ratio, position, joint - separate)
            for skill in data.settings
            if skill.setting.ratio == 1 or skill.setting.output == output
            for position, (joint, separate) in enumerate(zip(skill.skill, data.separate_skill, strict=True))
        ],
        columns=["ratio", "output", "step"],
    )


def _sweep(data: WeightComparison, styles: tuple[Style, ...], slug: str, alternative: str) -> str:
    weighed_outputs = _weighed_outputs(data)
    sweeps = [_along(data, output) for output in weighed_outputs]
    reach = max([0.01, *(abs(step) for sweep in sweeps for step in sweep.step if math.isfinite(step))])
    with style():
        surface, panels = drawing(len(sweeps) * (PANEL if len(sweeps) > 1 else SINGLE_PANEL), len(sweeps))
        for panel, output, sweep in zip(panels, weighed_outputs, sweeps, strict=True):
            panel.set_title(f"{show.shorten(output, 40)} against the rest")
            panel.set_xscale("log", base=2)
            panel.set(ylim=(-1.1 * reach, 1.1 * reach), xlim=(sweep.ratio.min() / 1.2, sweep.ratio.max() * 1.2))
            reference_line(panel, 0.0, horizontal=True)
            seaborn.lineplot(
                sweep,
                x="ratio",
                y="step",
                hue="output",
                style="output",
                dashes=False,
                markersize=4,
                markeredgewidth=0,
                estimator=None,
                ax=panel,
                **looks(styles, markers=True),
            )
            panel.set(xlabel="", ylabel="skill − separate")
            fixed_ticks(panel.xaxis, sorted(set(sweep.ratio)), half_or_double)
            panel.yaxis.set_major_locator(MaxNLocator(4))
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
        legend=(Style("joint", COLOURS[0], "o"), SEPARATE),
    )


def _draw_front(data: WeightComparison, slug: str, alternative: str) -> str:
    first, second = (show.shorten(output, 24) for output in data.outputs)
    settings = sorted(data.settings, key=lambda skill: skill.setting.ratio)
    xs, ys = (np.array([skill.skill[output] for skill in settings]) for output in (0, 1))
    on_front = np.array([skill.on_front for skill in settings], dtype=bool)
    with style():
        surface, (panel,) = drawing(280)
        panel.plot(xs, ys, color=GREY, linewidth=0.8, zorder=1)
        common = {"s": 36, "color": COLOURS[0], "ax": panel, "zorder": 3}
        seaborn.scatterplot(x=xs[on_front], y=ys[on_front], linewidth=0, **common)
        seaborn.scatterplot(
            x=xs[~on_front], y=ys[~on_front], **common, facecolor="none", edgecolor=COLOURS[0], linewidth=1
        )
        for x, y, skill in zip(xs, ys, settings, strict=True):
            text_beside(panel, skill.setting.label, x, y)
        x, y = data.separate_skill
        panel.plot([x], [y], SEPARATE.marker, color=SEPARATE.colour, markersize=7, markeredgewidth=0, zorder=4)
        text_beside(panel, SEPARATE.name, x, y)
        panel.margins(0.14)
        panel.set(xlabel=f"skill: {first}", ylabel=f"skill: {second}")
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.yaxis.set_major_locator(MaxNLocator(5))
        return export(surface, slug, alternative)
