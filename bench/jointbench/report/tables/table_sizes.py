"""The table of the difference at each number of rows."""

from __future__ import annotations

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.table_sizes import TableSizes
from jointbench.report import format as show
from jointbench.report.tables.quality import SIGN, cell_name
from jointbench.report.tables.table import NOTHING, Cell, Table, columns, interval, name


def table_sizes_table(cell: CellSummary, sizes: TableSizes) -> Table:
    """A line for each output: its difference at each number of rows, and what ten times the rows do to it."""
    trends = {trend.output: trend for trend in sizes.trends}
    outputs = [difference.output for difference in sizes.sizes[-1].differences]
    rows = []
    for i, output in enumerate(outputs):
        trend = trends.get(output)
        rows.append(
            (
                name(output),
                *(interval(size.differences[i].difference, show.difference) for size in sizes.sizes),
                interval(trend.per_tenfold, show.difference) if trend else NOTHING,
                Cell(trend.heading) if trend else NOTHING,
            )
        )
    return Table(
        f"Joint − {show.plain(cell.decisions[0].other)} in skill by the number of rows in {cell_name(cell)}: {SIGN}.",
        (
            *columns(
                ("Output",),
                (
                    *(f"{size.rows:,} rows" for size in sizes.sizes),
                    ("Ten times the rows", "move the difference by so much skill, with the 95 % interval"),
                ),
            ),
            *columns(("Heading",), ()),
        ),
        tuple(rows),
    )
