"""The table of how large each arm is: networks, parameters and FLOPs per row."""

from __future__ import annotations

from functools import partial

from jointbench.comparison.summary.decisions import Standing
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import NOTHING, Cell, Table, columns, name, number

CRITERIA = {
    "skill": "skill",
    "train_flops": "training FLOPs",
    "train_seconds": "training time",
    "latency_seconds": "latency",
    "parameters": "parameters",
}


def size_table(cell: CellSummary) -> Table:
    """How large each arm is, in exact counts, and how good it is over all its outputs."""
    checkpointed = any(cost.served_parameters for cost in cell.costs)
    standings = {standing.arm: standing for standing in cell.standings}
    return Table(
        f"Size of the arms in {cell_name(cell)}: {counted(cell)}. In the Pareto set no other arm is at least "
        f"as good on {_criteria(cell)} and better on one. aRRMSE is of the outputs of squared error, pooled over test rows.",
        columns(
            ("Arm", "Sizing"),
            (
                "Networks",
                "Parameters",
                *((("Parameters served", "of the networks that answer requests"),) if checkpointed else ()),
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
                *((number(cost.served_parameters or cost.parameters, show.count),) if checkpointed else ()),
                number(cost.reference_parameters, show.count),
                number(cost.train_flops_per_row or None, show.flops),
                number(cost.inference_flops_per_row or None, show.flops),
                *_standing_cells(standings.get(cost.arm)),
            )
            for cost in cell.costs
        ),
    )


def counted(cell: CellSummary) -> str:
    """Where counts are from."""
    own = any(cost.own_trunk for cost in cell.costs)
    return "your own trunk by its framework's counter, the heads from their shapes" if own else "exact, from the shapes"


def _criteria(cell: CellSummary) -> str:
    return ", ".join(CRITERIA[criterion] for criterion in cell.pareto_criteria) or "anything"


def _standing_cells(standing: Standing | None) -> tuple[Cell, ...]:
    if standing is None or standing.in_pareto_set is None:
        return NOTHING, NOTHING, NOTHING
    digits = partial(show.fixed, digits=3)
    return (
        number(standing.skill, digits),
        number(standing.arrmse_pooled, digits),
        Cell("yes" if standing.in_pareto_set else "no"),
    )
