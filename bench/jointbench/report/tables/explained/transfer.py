"""What a new head on another output's trunk reaches and costs."""

from __future__ import annotations

from jointbench.explain.transfer import TransferComparison
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def transfer_tables(data: TransferComparison, backend: str) -> tuple[Table, ...]:
    rows = (
        (
            way.source,
            way.target,
            way.way,
            way.skill,
            way.train_flops,
            way.flops_over_scratch,
            way.inference_flops,
        )
        for way in data.ways
    )
    headings = (
        "Trunk of",
        "New head for",
        "How",
        "Skill",
        "Training FLOPs",
        "Over from scratch",
        "Inference FLOPs of both, over two networks",
    )
    title = "Replacing the head of a trained network, mean over folds."
    return (answer_table(title, headings, rows, backend),)
