"""Tables of FLOPs in parts, and of the saving that they predict beside the one that the clock saw."""

from __future__ import annotations

from jointbench.compare.summary.costs import ArmFlops, PredictedSaving
from jointbench.compare.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.overview import STEP
from jointbench.report.tables.quality import place
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number


def flops_table(cell: CellSummary) -> Table:
    """Each arm's FLOPs by part and direction, by step and epoch, and to the stop; the optimiser's apart."""
    return Table(
        f"FLOPs of the arms in {place(cell)}: dense and convolution layers, exact from the shapes; only how far training "
        "went is not. The optimiser's elementwise work is an estimate by its formula and is in no other column.",
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
            ),
        ),
        tuple(_flops(one) for one in cell.flops),
    )


def _flops(one: ArmFlops) -> tuple[Cell, ...]:
    exact = (
        one.trunk_forward,
        one.trunk_backward,
        one.heads_forward,
        one.heads_backward,
        one.per_step,
        one.per_epoch,
    )
    return (
        name(one.arm),
        *(number(value, show.flops) for value in exact),
        NOTHING if one.to_stop is None else interval(one.to_stop, show.flops_interval),
        number(one.patience_share, show.share),
        number(one.update_flops_per_parameter, show.count),
        number(one.update_per_step, show.flops),
        number(one.update_to_stop, show.flops),
    )


def explained_table(cell: CellSummary) -> Table:
    """Each timed ratio beside the ratio of FLOPs, and the share of the predicted saving that was reached."""
    return Table(
        f"Predicted and achieved in {place(cell)}: {_sentence(cell)} Both are joint / other, below 1: joint is cheaper.",
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
        tuple(_explained(one) for one in cell.explained),
        heads=2,
    )


def _explained(one: PredictedSaving) -> tuple[Cell, ...]:
    share = NOTHING if one.share is None else interval(one.share, show.estimate)
    return (
        name(one.quantity),
        name(one.other),
        number(one.predicted, show.times),
        interval(one.achieved, show.ratio),
        share,
        Cell(one.reason or "—", tone="absent"),
    )


def _sentence(cell: CellSummary) -> str:
    """The first other arm's training step and first request in words."""
    other = cell.explained[0].other
    mine = [one for one in cell.explained if one.other == other]
    said = [_words(one) for one in (*_first(mine, True), *_first(mine, False))]
    return f"against {show.plain(other)}, {'; '.join(said)}."


def _first(all_: list[PredictedSaving], training: bool) -> list[PredictedSaving]:
    return [one for one in all_ if (one.quantity == STEP) == training][:1]


def _words(one: PredictedSaving) -> str:
    predicted, achieved = show.times(one.predicted), show.times(one.achieved.value)
    reached = f"{show.share(one.share.value)} of the saving, in logarithms" if one.share is not None else one.reason
    return f"{one.quantity}: FLOPs predict {predicted}, the clock says {achieved} ({reached})"
