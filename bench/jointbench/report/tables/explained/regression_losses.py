"""How alike networks trained with two losses are, and their errors."""

from __future__ import annotations

from jointbench.explain.regression_losses import LossRepresentations
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.explained.representations import last_layer
from jointbench.report.tables.table import Table


def regression_losses_tables(data: LossRepresentations, backend: str) -> tuple[Table, ...]:
    pairs = (last_layer(pair) for pair in data.pairs)
    errors = ((loss.loss, loss.errors.rmse, loss.errors.mae) for loss in data.errors)
    headings = ("Losses", "CKA", "CKA of two seeds", "Difference", "Low", "High", "Reading")
    title = f"Test error of {data.output}, in standard deviations."
    return (
        answer_table("Last trunk layer of networks trained with two losses.", headings, pairs, backend),
        answer_table(title, ("Loss", "RMSE", "MAE"), errors, backend),
    )
