"""How the difference goes as the rows of a table grow."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.table_sizes import TableSizes
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.forest import limits
from jointbench.report.figures.svg import INK
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table_sizes import table_sizes_table
from jointbench.stats.estimate import Estimate

HEIGHT, FOOT, MOST_COLUMNS = 120, 34, 3


def table_sizes_figure(cell: CellSummary, sizes: TableSizes, rope: float, colours: Palette, slug: str) -> Figure:
    """A panel for each output: joint - other at each number of rows, with intervals."""
    arm = colours.style(cell.decisions[0].other)
    phrases = [
        f"{show.shorten(d.output, 30)} at {size.rows:,} rows: {show.difference(d.difference)}"
        for size in sizes.sizes
        for d in size.differences
    ]
    alternative = f"Skill differences by the number of rows in {cell_name(cell)}: {spoken(phrases)}"
    return Figure(
        slug=slug,
        title="Difference in skill, by the number of rows",
        sentence=(
            "Above the middle joint is better, below it the other arm is, with 95 % intervals; inside the grey band "
            f"(±{rope:g}) the difference does not matter. The verdict is of the most rows."
        ),
        alternative=alternative,
        svg=_draw(_frame(sizes), arm, rope, slug, alternative),
        table=table_sizes_table(cell, sizes),
        legend=(arm,),
    )


def _frame(sizes: TableSizes) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (d.output, size.rows, d.difference.value, d.difference.low, d.difference.high)
            for size in sizes.sizes
            for d in size.differences
        ],
        columns=["output", "rows", "value", "low", "high"],
    )


def _draw(frame: pd.DataFrame, arm: Style, rope: float, slug: str, alternative: str) -> str:
    outputs = list(dict.fromkeys(frame.output))
    columns = min(len(outputs), MOST_COLUMNS)
    lines = -(-len(outputs) // columns)
    sizes = sorted(set(frame.rows))
    low, high = limits([Estimate(v, a, b) for v, a, b in zip(frame.value, frame.low, frame.high, strict=True)], rope)
    with style():
        surface, panels = drawing(lines * HEIGHT + FOOT, lines, columns, sharex=True, sharey=True)
        for panel, output in zip(panels, outputs, strict=False):
            own = frame[frame.output == output]
            panel.set_title(show.shorten(output, 18))
            panel.axhspan(-rope, rope, color=INK, alpha=BAND, linewidth=0)
            reference_line(panel, 0.0, horizontal=True)
            seaborn.lineplot(own, x="rows", y="value", color=arm.colour, marker=arm.marker, ax=panel, errorbar=None)
            panel.vlines(own.rows, own.low, own.high, color=arm.colour, linewidth=1.2)
            panel.set(xscale="log", xlabel="", ylabel="", ylim=(low, high))
            panel.set_xlim(sizes[0] / 1.5, sizes[-1] * 1.5)
            panel.xaxis.set_major_locator(FixedLocator(sizes))
            panel.xaxis.set_minor_locator(NullLocator())
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        for panel in panels[len(outputs) :]:
            panel.set_visible(False)
        surface.supxlabel("rows")
        surface.supylabel("difference in skill, joint − other")
        return export(surface, slug, alternative)
