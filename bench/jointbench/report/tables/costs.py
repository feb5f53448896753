"""Tables of what each arm costs: sizes and training, cold start, latency, and the paired ratios."""

from __future__ import annotations

from functools import partial

from jointbench.compare.summary.costs import ArmCost, Latency, Ratio, TrainingClock
from jointbench.compare.summary.decisions import Standing
from jointbench.compare.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.overview import FLOPS, IN_TURN, STOCK, ratio_cell
from jointbench.report.tables.quality import place
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number

CRITERIA = {
    "skill": "skill",
    "train_flops": "training FLOPs",
    "train_seconds": "training time",
    "latency_seconds": "latency",
    "parameters": "parameters",
}
TOO_FEW = Cell("too few", tone="absent")
NO_CLOCK = Cell("no clock in it", tone="absent")
UNTIL = {
    "settled": "settled",
    "budget spent": "budget spent",
    "too few blocks": "budget spent: too few blocks for an interval",
}


def size_table(cell: CellSummary) -> Table:
    """How large each arm is, in numbers that no clock can change; and how it stands over all its outputs."""
    standing = {one.arm: one for one in cell.standings}
    return Table(
        f"Size of the arms in {place(cell)}: exact, from the shapes. In the Pareto set no other arm is at least as good "
        f"on {_criteria(cell)} and better on one. aRRMSE is of the regression outputs, pooled over test rows.",
        columns(
            ("Arm", "Sizing"),
            (
                "Networks",
                "Parameters",
                ("Aimed at", "the parameter count that the sizing rule aimed at"),
                ("Training FLOPs per row", "forward and backward"),
                "Inference FLOPs per row",
                "Mean skill",
                "aRRMSE",
                "Pareto set",
            ),
        ),
        tuple(
            (
                name(cost.arm),
                name(cost.sizing),
                number(len(cost.groups), show.count),
                number(cost.parameters, show.count),
                number(cost.reference_parameters, show.count),
                number(cost.train_flops_per_row, show.flops),
                number(cost.inference_flops_per_row, show.flops),
                *_standing(standing.get(cost.arm)),
            )
            for cost in cell.costs
        ),
    )


def _criteria(cell: CellSummary) -> str:
    return ", ".join(CRITERIA[criterion] for criterion in cell.pareto_criteria) or "anything"


def _standing(one: Standing | None) -> tuple[Cell, ...]:
    if one is None or one.in_pareto_set is None:
        return NOTHING, NOTHING, NOTHING
    digits = partial(show.fixed, digits=3)
    return number(one.skill, digits), number(one.arrmse_pooled, digits), Cell("yes" if one.in_pareto_set else "no")


def training_table(cell: CellSummary) -> Table:
    """What training cost, to the stop, and the cold start."""
    return Table(
        f"Training in {place(cell)}: means over folds and seeds of the sum over an arm's networks.",
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
        tuple(_training(cost) for cost in cell.costs),
    )


def _training(cost: ArmCost) -> tuple[Cell, ...]:
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
            number(value if trained else None, text)
            for value, text in zip(counted, (show.flops, show.count, show.count, show.share), strict=True)
        ),
        *(number(value, show.seconds) for value in clocks),
        number(cost.fits, show.count),
        number(len(cost.failures), show.count),
    )


def clock_table(cell: CellSummary) -> Table:
    """Training time by the other paths and at other thread counts than the table of training has."""
    return Table(
        f"Training in {place(cell)} by other ways: the engine with one network at a time, and other thread counts.",
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


def throughput_table(cell: CellSummary) -> Table:
    """Rows a second at the best batch size, on every path."""
    return Table(
        f"Offline throughput in {place(cell)}: all outputs, at the batch size that gives most rows a second.",
        columns(("Arm", "Answered"), ("Threads", "Best batch", "Rows per second")),
        tuple(
            (
                name(cost.arm),
                name(one.path),
                number(one.threads, show.count),
                number(one.batch_size, show.count),
                number(one.rows_per_second, show.significant),
            )
            for cost in cell.costs
            for one in cost.throughput
        ),
        heads=2,
    )


def projection_table(cell: CellSummary) -> Table:
    """Whole trainings really timed, beside what steady steps foretold."""
    return Table(
        f"Training to the stop in {place(cell)}, really timed: evaluation and each network's first epoch left out of both.",
        (
            *columns(
                ("Arm",),
                (
                    "Threads",
                    "Steps",
                    ("Foretold", "steady seconds per step x steps"),
                    "Measured",
                    "Measured / foretold",
                ),
            ),
            Column("Agrees?", hint="within ten percent"),
        ),
        tuple(
            (
                name(one.arm),
                number(one.threads, show.count),
                number(one.steps, show.count),
                number(one.projected_seconds, show.seconds),
                number(one.measured_seconds, show.seconds),
                number(one.ratio, show.times),
                Cell("yes" if one.agrees else "no"),
            )
            for one in cell.projections
        ),
    )


def latency_table(cell: CellSummary) -> Table:
    """Request latency of every arm at every batch size, on every path."""
    shown = [
        (cost, latency) for cost in cell.costs for latency in cost.latency if latency.threads in (None, cell.threads)
    ]
    sizes = dict.fromkeys(latency.batch_size for _, latency in shown)
    return Table(
        f"Request latency in {place(cell)}: for all outputs, or for one of N; from numpy to numpy, on all cores.",
        columns(
            ("Arm", "Answered"),
            (
                "Batch",
                "Samples",
                "Median",
                ("p90", "from 64 samples up, with its 95 % interval"),
                ("p99", "from 662 samples up, with its 95 % interval"),
                "Rows per second",
            ),
        ),
        tuple(_latency(cost, latency) for size in sizes for cost, latency in shown if latency.batch_size == size),
        heads=2,
    )


def _latency(cost: ArmCost, latency: Latency) -> tuple[Cell, ...]:
    high = ((latency.p90_seconds, latency.p90_bounds), (latency.p99_seconds, latency.p99_bounds))
    return (
        name(cost.arm),
        name(latency.path),
        number(latency.batch_size, show.count),
        number(latency.samples, show.count),
        number(latency.median_seconds, show.seconds),
        *(_percentile(value, bounds) for value, bounds in high),
        number(latency.rows_per_second, show.significant),
    )


def _percentile(value: float | None, bounds: tuple[float, float] | None) -> Cell:
    if value is None:
        return TOO_FEW
    if bounds is None:
        return number(value, show.seconds)
    low, high = bounds
    return Cell(f"{show.seconds(value)} ({show.seconds(low)} to {show.seconds(high)})", (value, low, high))


def ratio_label(ratio: Ratio) -> str:
    """What a ratio is one of, with the path where it is not the one that people take first."""
    return ratio.quantity if ratio.path in (None, STOCK, IN_TURN) else f"{ratio.quantity}, {ratio.path}"


def ratio_table(cell: CellSummary) -> Table:
    """Every paired ratio with the noise that it must exceed."""
    return Table(
        f"Joint / other in {place(cell)}: below 1 means joint is cheaper. ≈ marks a ratio that noise could explain.",
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
                name(ratio_label(ratio)),
                name(ratio.other),
                NO_CLOCK if ratio.threads is None else number(ratio.threads, show.count),
                ratio_cell(ratio),
                _floor(ratio),
                number(ratio.blocks, show.count),
                Cell(UNTIL[ratio.state]) if ratio.state else NO_CLOCK,
                Cell("yes" if ratio.measured_difference else "no difference measured"),
            )
            for ratio in cell.ratios
        ),
        heads=2,
    )


def _floor(ratio: Ratio) -> Cell:
    if ratio.floor is not None:
        return interval(ratio.floor, show.ratio)
    return NO_CLOCK if ratio.quantity == FLOPS else NOTHING


def circumstances(cell: CellSummary) -> str:
    """Under what the clocks ran, in one line; "" where nothing was timed."""
    parts = []
    if cell.threads is not None:
        parts.append(f"{show.count(cell.threads)} threads")
    if cell.load is not None:
        parts.append(f"other processes kept up to {show.fixed(max(cell.load, 0.0), 2)} cores busy")
    if cell.retaken:
        parts.append(
            f"{show.count(cell.retaken)} disturbed timings were taken again, {show.count(cell.still_disturbed)} of them "
            "disturbed once more"
        )
    if cell.import_seconds is not None:
        parts.append(f"{show.seconds(cell.import_seconds)} to import the framework")
    return ", ".join(parts)
