"""Methods that set the loss weights, beside fixed weights."""

from __future__ import annotations

from jointbench.explain.weighting_methods import MethodComparison
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def weighting_methods_tables(data: MethodComparison, backend: str) -> tuple[Table, ...]:
    rows = (
        (
            method.name,
            method.failure or "trained",
            method.skill,
            *ends(method.gain),
            method.step_flops,
            method.seconds,
            method.seconds_low,
            method.seconds_high,
            method.train_flops,
        )
        for method in data.methods
    )
    title = f"Methods beside fixed weights, over {data.splits} splits (differences in mean test skill, 95 % interval)"
    headings = (
        "Method",
        "State",
        "Mean skill",
        "Method minus best fixed",
        "from",
        "to",
        "FLOPs of a step, over fixed",
        "Seconds of a step, over fixed",
        "at least",
        "at most",
        "Training FLOPs to the stop, over equal weights",
    )
    return (answer_table(title, headings, rows, backend),)
