"""The output that a decision rests on."""

from __future__ import annotations

import math

from jointbench.comparison.summary.decisions import Decision, Difference
from jointbench.comparison.summary.run import CellSummary


def deciding_difference(cell: CellSummary, decision: Decision) -> Difference | None:
    """Of the output that pays where the verdict is separate; else of the one that joint is likeliest to cost skill."""
    named = decision.paying_output or (decision.open.output if decision.open else "")
    if named:
        return difference_of(cell, named, decision.other)
    known = [d for d in cell.differences if d.other == decision.other and math.isfinite(d.probability_no_loss)]
    return min(known, key=lambda d: d.probability_no_loss, default=None)


def difference_of(cell: CellSummary, output: str, other: str) -> Difference | None:
    """One output's difference from another arm."""
    return next((d for d in cell.differences if (d.output, d.other) == (output, other)), None)
