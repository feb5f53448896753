"""Tables of what each arm costs: sizes and training, cold start, latency, and the paired ratios."""

from __future__ import annotations

from functools import partial

from jointbench.compare.summary import ArmCost, CellSummary, Latency, Ratio, Standing
from jointbench.report import format as show
from jointbench.report.overview import FLOPS, ratio_cell
from jointbench.report.quality_tables import place
from jointbench.report.table import NOTHING, Cell, Column, Table, columns, interval, name, number

CRITERIA = {
    "skill": "skill", "train_flops": "training FLOPs", "train_seconds": "training time",
    "latency_seconds": "latency", "parameters": "parameters",
}  # fmt: skip
TOO_FEW = Cell("too few samples", tone="absent")


def size_table(cell: CellSummary) -> Table:
    """How large each arm is, in numbers that no clock can change; and how it stands over all its outputs."""
    standing = {one.arm: one for one in cell.standings}
    return Table(
        f"Size of the arms in {place(cell)}: exact, from the shapes. In the Pareto set no other arm is at least as good "
        f"on {_criteria(cell)} and better on one. aRRMSE is of the regression outputs, pooled over test rows.",
        columns(("Arm", "Sizing"), (
            "Networks", "Parameters", ("Aimed at", "the parameter count that the sizing rule aimed at"),
            ("Training FLOPs per row", "forward and backward"), "Inference FLOPs per row", "Mean skill", "aRRMSE",
            "Pareto set",
        )),
        tuple(
            (
                name(cost.arm), name(cost.sizing), number(len(cost.groups), show.count),
                number(cost.parameters, show.count), number(cost.reference_parameters, show.count),
                number(cost.train_flops_per_row, show.flops), number(cost.inference_flops_per_row, show.flops),
                *_standing(standing.get(cost.arm)),
            )
            for cost in cell.costs
        ),
    )  # fmt: skip


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
        columns(("Arm",), (
            "Training FLOPs", "Steps", ("Epochs", "mean of one network"),
            ("Stopped by patience", "share of networks that stopped by themselves, not at the limit of epochs"),
            ("One step", "of every network of the arm, one after the other"),
            ("Training time", "step seconds carried on over the steps really taken"),
            ("Longest network", "the bound with a worker for each network"),
            ("Build", "cold start: building the networks"), ("First call", "cold start: the first call"),
            "Fits", "Failed",
        )),
        tuple(_training(cost) for cost in cell.costs),
    )  # fmt: skip


def _training(cost: ArmCost) -> tuple[Cell, ...]:
    clocks = (
        cost.step_seconds, cost.train_seconds, cost.longest_seconds, cost.build_seconds, cost.first_call_seconds,
    )  # fmt: skip
    return (
        name(cost.arm), number(cost.train_flops, show.flops), number(cost.steps, show.count),
        number(cost.epochs, show.count), number(cost.patience_share, show.share),
        *(number(value, show.seconds) for value in clocks),
        number(cost.fits, show.count), number(len(cost.failures), show.count),
    )  # fmt: skip


def latency_table(cell: CellSummary) -> Table:
    """Request latency of every arm at every batch size."""
    sizes = dict.fromkeys(latency.batch_size for cost in cell.costs for latency in cost.latency)
    return Table(
        f"Request latency in {place(cell)}.",
        columns(("Arm",), (
            "Batch", "Samples", "Median", ("p90", "from 64 samples up"), ("p99", "from 662 samples up"),
            "Rows per second",
        )),
        tuple(
            _latency(cost, latency)
            for size in sizes for cost in cell.costs for latency in cost.latency if latency.batch_size == size
        ),
    )  # fmt: skip


def _latency(cost: ArmCost, latency: Latency) -> tuple[Cell, ...]:
    high = (latency.p90_seconds, latency.p99_seconds)
    return (
        name(cost.arm), number(latency.batch_size, show.count), number(latency.samples, show.count),
        number(latency.median_seconds, show.seconds),
        *(TOO_FEW if value is None else number(value, show.seconds) for value in high),
        number(latency.rows_per_second, show.significant),
    )  # fmt: skip


def ratio_table(cell: CellSummary) -> Table:
    """Every paired ratio with the noise that it must exceed."""
    return Table(
        f"Joint / other in {place(cell)}: below 1 means joint is cheaper. ≈ marks a ratio that noise could explain.",
        (
            *columns(("Quantity", "Against"), (
                ("Joint / other", "with its 95 % interval"),
                ("A/A floor", "the same arm built twice: what pure noise gives"),
                ("Pairs", "blocks A B B A of timings, or folds"),
            )),
            Column("Beyond noise?"),
        ),
        tuple(
            (
                name(ratio.quantity), name(ratio.other), ratio_cell(ratio),
                _floor(ratio),
                number(ratio.blocks, show.count), Cell("yes" if ratio.measured_difference else "no"),
            )
            for ratio in cell.ratios
        ),
        heads=2,
    )  # fmt: skip


def _floor(ratio: Ratio) -> Cell:
    if ratio.floor is not None:
        return interval(ratio.floor, show.ratio)
    return Cell("no clock in it", tone="absent") if ratio.quantity == FLOPS else NOTHING


def circumstances(cell: CellSummary) -> str:
    """Under what the clocks ran, in one line; "" where nothing was timed."""
    parts = []
    if cell.threads is not None:
        parts.append(f"{show.count(cell.threads)} threads")
    if cell.load is not None:
        parts.append(f"load of the machine up to {show.significant(cell.load, 2)}")
    if cell.import_seconds is not None:
        parts.append(f"{show.seconds(cell.import_seconds)} to import the framework")
    return ", ".join(parts)
