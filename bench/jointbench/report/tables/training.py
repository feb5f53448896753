"""Tables of what training cost: to the stop, by every way of training, and predicted beside measured."""

from __future__ import annotations

from jointbench.comparison.summary.costs import ArmCost, TrainingClock
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.overview import STOCK
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Column, Table, columns, name, number


def training_table(cell: CellSummary) -> Table:
    """What training cost, to the stop, and the cold start."""
    return Table(
        f"Training in {cell_name(cell)}: means over folds and seeds of the sum over an arm's networks.",
        columns(
            ("Arm",),
            (
                "Training FLOPs",
                "Steps",
                ("Epochs", "mean of one network"),
                ("Stopped by patience", "share of networks that stopped by themselves, not at the limit of epochs"),
                ("One step", "of every network of the arm, one after the other"),
                ("Training time", "step seconds carried on over the steps really taken"),
                ("Longest network", "the bound with a worker for each network"),
                ("Build", "cold start: building the networks"),
                ("First call", "cold start: the first call"),
                "Fits",
                "Failed",
            ),
        ),
        tuple(_training_row(cost) for cost in cell.costs),
    )


def _training_row(cost: ArmCost) -> tuple[Cell, ...]:
    counted = (cost.train_flops, cost.steps, cost.epochs, cost.patience_share)
    trained = cost.fits > len(cost.failures)
    clocks = (
        cost.step_seconds,
        cost.train_seconds,
        cost.longest_seconds,
        cost.build_seconds,
        cost.first_call_seconds,
    )
    return (
        name(cost.arm),
        *(
            number(value if trained else None, format_value)
            for value, format_value in zip(counted, (show.flops, show.count, show.count, show.share), strict=True)
        ),
        *(number(value, show.seconds) for value in clocks),
        number(cost.fits, show.count),
        number(len(cost.failures), show.count),
    )


def clock_table(cell: CellSummary) -> Table:
    """Training time by the execution modes and thread counts that the training table leaves out."""
    return Table(
        f"Training in {cell_name(cell)} by other ways: the engine with one network at a time, and other thread counts.",
        columns(
            ("Arm", "Trained by"),
            (
                "Threads",
                ("One step", "of every network of the arm, one after the other"),
                ("Training time", "step seconds carried on over the steps really taken"),
                ("Longest network", "the bound with a worker for each network"),
            ),
        ),
        tuple(
            (
                name(cost.arm),
                name(clock.path),
                number(clock.threads, show.count),
                *(number(s, show.seconds) for s in (clock.step_seconds, clock.train_seconds, clock.longest_seconds)),
            )
            for cost in cell.costs
            for clock in further_clocks(cell, cost)
        ),
        heads=2,
    )


def further_clocks(cell: CellSummary, cost: ArmCost) -> list[TrainingClock]:
    """The arm's training by any way but the stock loop on all cores."""
    return [clock for clock in cost.training if (clock.path, clock.threads) != (STOCK, cell.threads)]


def projection_table(cell: CellSummary) -> Table:
    """Whole trainings really timed, beside the time predicted from steady steps."""
    return Table(
        f"Training to the stop in {cell_name(cell)}, really timed: evaluation and each network's first epoch left out "
        "of both.",
        (
            *columns(
                ("Arm",),
                (
                    "Threads",
                    "Steps",
                    ("Foretold", "steady seconds per step x steps"),
                    "Measured",
                    "Measured / predicted",
                ),
            ),
            Column("Agrees?", hint="within ten percent"),
        ),
        tuple(
            (
                name(projection.arm),
                number(projection.threads, show.count),
                number(projection.steps, show.count),
                number(projection.projected_seconds, show.seconds),
                number(projection.measured_seconds, show.seconds),
                number(projection.ratio, show.times),
                Cell("yes" if projection.agrees else "no"),
            )
            for projection in cell.projections
        ),
    )
