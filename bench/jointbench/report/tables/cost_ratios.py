"""The table of paired cost ratios, joint / other, with the noise that each must exceed."""

from __future__ import annotations

from jointbench.comparison.summary.costs import BUDGET_SPENT, SETTLED, TOO_FEW_BLOCKS, Ratio, TimedUntil
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.overview import ratio_cell
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number

NO_CLOCK = Cell("no clock in it", tone="absent")
TIMED_UNTIL: dict[TimedUntil, str] = {
    SETTLED: "settled",
    BUDGET_SPENT: "budget spent",
    TOO_FEW_BLOCKS: "budget spent: too few blocks for an interval",
}


def ratio_table(cell: CellSummary) -> Table:
    """Every paired ratio beside its noise floor."""
    return Table(
        f"Joint / other in {cell_name(cell)}: below 1 means joint is cheaper. ≈ marks a ratio that noise could "
        "explain.",
        (
            *columns(
                ("Quantity", "Against"),
                (
                    "Threads",
                    ("Joint / other", "with its 95 % interval"),
                    ("A/A floor", "the same arm built twice: what pure noise gives"),
                    ("Pairs", "blocks A B B A of timings, or folds"),
                ),
            ),
            Column("Timed until", hint="settled: half the interval is below three percent"),
            Column("Beyond noise?"),
        ),
        tuple(
            (
                name(show.quantity(ratio.quantity)),
                name(ratio.other),
                NO_CLOCK if ratio.threads is None else number(ratio.threads, show.count),
                ratio_cell(ratio),
                _floor_cell(ratio),
                number(ratio.blocks, show.count),
                Cell(TIMED_UNTIL[ratio.state]) if ratio.state else NO_CLOCK,
                Cell("yes" if ratio.measured_difference else "no difference measured"),
            )
            for ratio in cell.ratios
        ),
        heads=2,
    )


def _floor_cell(ratio: Ratio) -> Cell:
    if ratio.floor is not None:
        return interval(ratio.floor, show.ratio)
    return NO_CLOCK if ratio.threads is None else NOTHING
