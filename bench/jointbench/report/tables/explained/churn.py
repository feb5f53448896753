"""How far the predictions of other outputs move when rows with labels of one output come."""

from __future__ import annotations

from jointbench.explain.answer import Value
from jointbench.explain.churn import ArmChange, Churn
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def churn_tables(data: Churn, backend: str) -> tuple[Table, ...]:
    """A row for each output that got rows, each other output, each way to retrain and each arm."""
    rows = (
        (pair.grown, pair.output, pair.retraining, arm, *_numbers(change))
        for pair in data.outputs
        for arm, change in (("joint", pair.joint), ("separate", pair.separate))
    )
    title = (
        f"Other outputs' predictions after retraining, over {data.splits} splits and {data.seeds} seeds (95 % "
        f"interval; spreads are standard deviations between seeds)"
    )
    headings = (
        "New rows for",
        "Output",
        "Retrained with",
        "Arm",
        "Decisions flipped",
        "from",
        "to",
        "Moved, in spreads",
        "at least",
        "at most",
        "Spread (of standardised values, or of a probability)",
        "Change in skill",
        "low",
        "high",
    )
    return (answer_table(title, headings, rows, backend),)


def _numbers(change: ArmChange) -> tuple[Value, ...]:
    return (*ends(change.flipped), *ends(change.moved), change.spread, *ends(change.skill))
