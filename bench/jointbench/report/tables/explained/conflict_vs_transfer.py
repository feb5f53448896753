"""Conflict of the gradients beside what sharing does to skill, over datasets."""

from __future__ import annotations

from jointbench.explain.conflict_vs_transfer import ConflictByDataset
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def conflict_vs_transfer_tables(data: ConflictByDataset, backend: str) -> tuple[Table, ...]:
    rows = ((point.dataset, point.conflict_share, point.cosine, point.gain) for point in data.datasets)
    headings = ("Dataset", "Share of steps in conflict", "Mean cosine", "Joint minus separate, mean skill")
    title = "Conflict in the shared layers and what sharing does to skill, by dataset"
    return (answer_table(title, headings, rows, backend),)
