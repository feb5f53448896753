"""Tables of FLOPs in parts, and of the saving that they predict beside the measured one."""

from __future__ import annotations

from jointbench.comparison.summary.costs import ArmFlops, PredictedSaving
from jointbench.comparison.summary.quantity import TRAINING_STEP
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.sizes import counted
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number


def flops_table(cell: CellSummary) -> Table:
    """Each arm's FLOPs by part and direction, per step and epoch, and to the stop; elementwise work is apart."""
    elementwise = any(flops.elementwise_per_row for flops in cell.flops)
    extra = [("Normalisation, dropout, residual sums", "per row of a step, an estimate")] if elementwise else []
    apart = "the optimiser, and of normalisation, dropout and residual sums," if elementwise else "the optimiser"
    return Table(
        f"FLOPs of the arms in {cell_name(cell)}: dense and convolution layers, {counted(cell)}; only how far "
        f"training went varies. The elementwise work of {apart} is an estimate by its formula and is in no other column.",
        columns(
            ("Arm",),
            (
                ("Trunk forward", "per row"),
                ("Trunk backward", "per row"),
                ("Heads forward", "per row"),
                ("Heads backward", "per row"),
                ("One step", "a full batch through every network"),
                ("One epoch", "every training row through every network"),
                ("To the stop", "mean over folds with its 95 % interval"),
                ("Stopped by patience", "share of networks"),
                ("Optimiser, per parameter", "FLOPs of one update"),
                ("Optimiser, one step", "an estimate"),
                ("Optimiser, to the stop", "an estimate"),
                *extra,
            ),
        ),
        tuple(_flops_row(flops, elementwise=elementwise) for flops in cell.flops),
    )


def _flops_row(flops: ArmFlops, *, elementwise: bool) -> tuple[Cell, ...]:
    exact = (
        flops.trunk_forward,
        flops.trunk_backward,
        flops.heads_forward,
        flops.heads_backward,
        flops.per_step,
        flops.per_epoch,
    )
    return (
        name(flops.arm),
        *(number(value, show.flops) for value in exact),
        NOTHING if flops.to_stop is None else interval(flops.to_stop, show.flops_interval),
        number(flops.patience_share, show.share),
        number(flops.update_flops_per_parameter, show.count),
        number(flops.update_per_step, show.flops),
        number(flops.update_to_stop, show.flops),
        *([number(flops.elementwise_per_row, show.flops)] if elementwise else []),
    )


def predicted_saving_table(cell: CellSummary) -> Table:
    """Each timed ratio beside the ratio of FLOPs, and the share of the predicted saving that was reached."""
    return Table(
        f"Predicted and achieved in {cell_name(cell)}: {_saving_sentence(cell)} Both are joint / other, below 1: "
        "joint is cheaper.",
        (
            *columns(
                ("Quantity", "Against"),
                (
                    ("Predicted", "ratio of FLOPs"),
                    ("Achieved", "ratio of seconds, with its 95 % interval"),
                    (
                        "Share reached",
                        "log achieved / log predicted: 1, the clock follows the FLOPs; above, it saved more",
                    ),
                ),
            ),
            Column("Why no share"),
        ),
        tuple(_saving_row(saving) for saving in cell.explained),
        heads=2,
    )


def _saving_row(saving: PredictedSaving) -> tuple[Cell, ...]:
    share = NOTHING if saving.share is None else interval(saving.share, show.estimate)
    return (
        name(show.quantity(saving.quantity)),
        name(saving.other),
        number(saving.predicted, show.times),
        interval(saving.achieved, show.ratio),
        share,
        Cell(saving.reason or "—", tone="absent"),
    )


def _saving_sentence(cell: CellSummary) -> str:
    """The first other arm's training step and first request in words."""
    other = cell.explained[0].other
    savings = [saving for saving in cell.explained if saving.other == other]
    parts = [_saving_text(saving) for saving in (*_first(savings, True), *_first(savings, False))]
    return f"against {show.plain(other)}, {'; '.join(parts)}."


def _first(savings: list[PredictedSaving], training: bool) -> list[PredictedSaving]:
    return [saving for saving in savings if (saving.quantity.scenario == TRAINING_STEP) == training][:1]


def _saving_text(saving: PredictedSaving) -> str:
    predicted, achieved = show.times(saving.predicted), show.times(saving.achieved.value)
    reached = (
        f"{show.share(saving.share.value)} of the saving, in logarithms" if saving.share is not None else saving.reason
    )
    return f"{show.quantity(saving.quantity)}: FLOPs predict {predicted}, the clock says {achieved} ({reached})"
