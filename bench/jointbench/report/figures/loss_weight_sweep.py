"""Loss weights: each output's skill along the sweep, and the Pareto front of two outputs."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained_answer import answer_table, row_numbers, table_named
from jointbench.report.tables.table import Table

TABLE, SKILL, SEPARATE, EQUAL = "Skill by loss weights", "Skill: ", "separate", "none"
RATIO, FIRST = 3, 4
LEFT, PANEL_HEIGHT, SINGLE_PANEL_HEIGHT = 56, 150, 230
SWEEP = (
    "Each output's skill less that of its separate network (the line at 0), against how many times the named output's "
    "loss weighs what the others do."
)
FRONT = (
    "Each mark is a setting of the loss weights, right and up is better; filled marks are on the Pareto front, the "
    "cross is two separate networks."
)


def loss_weight_sweep_figures(answer: explain.Answer, slug: str) -> list[Figure]:
    """Skill along the sweep; for two outputs, one against the other too."""
    table = table_named(answer, TABLE)
    if table is None or not table.rows or table.rows[-1][0] != SEPARATE:
        return []
    outputs = [column.removeprefix(SKILL) for column in table.columns if column.startswith(SKILL)]
    styles = tuple(Style(name, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(outputs))
    numbers = answer_table(table, answer.backend)
    alternative = (
        f"Skill of {len(outputs)} outputs under {len(table.rows) - 1} settings of the loss weights; the table has them."
    )
    figures = [
        Figure(
            slug=f"{slug}-sweep",
            title=f"Skill along the sweep of loss weights, {show.plain(answer.backend)}",
            sentence=SWEEP,
            alternative=alternative,
            svg=_sweep(table, styles, f"{slug}-sweep", alternative),
            table=numbers,
            legend=styles,
        )
    ]
    if len(outputs) == 2:
        figures.append(_front(table, outputs, answer.backend, numbers, f"{slug}-front"))
    return figures


def _sweep(table: explain.Table, styles: tuple[Style, ...], slug: str, alternative: str) -> str:
    values = [row_numbers(row) for row in table.rows]
    separate = values[-1]
    weighed_outputs = [name for name in dict.fromkeys(row[1] for row in table.rows) if name != EQUAL]
    steps = [[row[FIRST + k] - separate[FIRST + k] for k in range(len(styles))] for row in values[:-1]]
    reach = max([0.01, *(abs(step) for row in steps for step in row if math.isfinite(step))])
    with style():
        panel_height = PANEL_HEIGHT if len(weighed_outputs) > 1 else SINGLE_PANEL_HEIGHT
        surface = drawing(len(weighed_outputs) * panel_height + 24)
        for position, name in enumerate(weighed_outputs):
            panel = axes(surface, LEFT, 18 + position * panel_height, WIDTH - LEFT - 12, panel_height - 40)
            panel.set_title(f"{show.shorten(str(name), 40)} against the rest", fontsize=SMALL, loc="left", pad=3)
            weighings = sorted(
                (values[i][RATIO], i) for i, row in enumerate(table.rows[:-1]) if row[1] in (name, EQUAL)
            )
            panel.set_xscale("log", base=2)
            panel.set_ylim(-1.1 * reach, 1.1 * reach)
            panel.set_xlim(weighings[0][0] / 1.2, weighings[-1][0] * 1.2)
            reference_line(panel, 0.0, horizontal=True)
            for k, mark in enumerate(styles):
                panel.plot(
                    [ratio for ratio, _ in weighings],
                    [steps[i][k] for _, i in weighings],
                    color=mark.colour,
                    marker=mark.marker,
                    markersize=4,
                    linewidth=1.2,
                )
            panel.xaxis.set_major_locator(FixedLocator([ratio for ratio, _ in weighings]))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(
                FuncFormatter(lambda value, _: f"{value:g}" if value >= 1 else f"1/{1 / value:g}")
            )
            panel.yaxis.set_major_locator(MaxNLocator(4))
            panel.tick_params(labelsize=SMALL)
            panel.set_ylabel("skill − separate", fontsize=SMALL)
        return export(surface, slug, alternative)


def _front(table: explain.Table, outputs: list[str], backend: str, numbers: Table, slug: str) -> Figure:
    first, second = (show.plain(output) for output in outputs)
    alternative = f"Skill of {second} against skill of {first} by loss weights; the table has them."
    values = [row_numbers(row) for row in table.rows]
    points = np.array([row[FIRST : FIRST + 2] for row in values])
    with style():
        surface = drawing(280)
        panel = axes(surface, LEFT, 10, WIDTH - LEFT - 20, 222)
        panel.set(xlabel=f"skill: {show.shorten(outputs[0], 24)}", ylabel=f"skill: {show.shorten(outputs[1], 24)}")
        order = sorted(range(len(values) - 1), key=lambda i: values[i][RATIO])
        panel.plot(points[order, 0], points[order, 1], color=GREY, linewidth=0.8, zorder=1)
        for i in order:
            on_front = table.rows[i][2] == "yes"
            panel.plot(
                *points[i],
                "o",
                color=COLOURS[0],
                markersize=6,
                markerfacecolor=COLOURS[0] if on_front else "none",
                zorder=3,
            )
            panel.annotate(
                str(table.rows[i][0]), xy=tuple(points[i]), xytext=(5, 3), textcoords="offset points", fontsize=SMALL
            )
        panel.plot(*points[-1], "x", color=COLOURS[1], markersize=8, markeredgewidth=2, zorder=4)
        panel.annotate(
            SEPARATE, xy=tuple(points[-1]), xytext=(6, -10), textcoords="offset points", fontsize=SMALL, color=INK
        )
        panel.margins(0.12)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.yaxis.set_major_locator(MaxNLocator(5))
        panel.tick_params(labelsize=SMALL)
        svg = export(surface, slug, alternative)
    title = f"What one output pays for the other, {show.plain(backend)}"
    return Figure(
        slug=slug,
        title=title,
        sentence=FRONT,
        alternative=alternative,
        svg=svg,
        table=numbers,
        legend=(Style("joint", COLOURS[0], "o"), Style(SEPARATE, COLOURS[1], "x")),
    )
