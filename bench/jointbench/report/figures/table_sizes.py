"""How the difference goes as the rows of a table grow."""

from __future__ import annotations

import pandas as pd

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.table_sizes import TableSizes
from jointbench.report import format as show
from jointbench.report.figures.courses import Courses, draw_courses
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.palette import Palette
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table_sizes import table_sizes_table


def table_sizes_figure(cell: CellSummary, sizes: TableSizes, rope: float, colours: Palette, slug: str) -> Figure:
    """A panel for each output: joint - other at each number of rows, with intervals."""
    arm = colours.style(cell.decisions[0].other)
    phrases = [
        f"{show.shorten(d.output, 30)} at {size.rows:,} rows: {show.difference(d.difference)}"
        for size in sizes.sizes
        for d in size.differences
    ]
    alternative = f"Skill differences by the number of rows in {cell_name(cell)}: {spoken(phrases)}"
    courses = Courses(_frame(sizes, arm.name), {arm.name: (arm, 1.0)}, "rows", margin=1.5, line_width=1.4)
    return Figure(
        slug=slug,
        title="Difference in skill, by the number of rows",
        sentence=(
            "Above the middle joint is better, below it the other arm is, with 95 % intervals; inside the grey band "
            f"(±{rope:g}) the difference does not matter. The verdict is of the most rows."
        ),
        alternative=alternative,
        svg=draw_courses(courses, rope, slug, alternative),
        table=table_sizes_table(cell, sizes),
        legend=(arm,),
    )


def _frame(sizes: TableSizes, how: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (how, d.output, size.rows, d.difference.value, d.difference.low, d.difference.high)
            for size in sizes.sizes
            for d in size.differences
        ],
        columns=["how", "output", "at", "value", "low", "high"],
    )
