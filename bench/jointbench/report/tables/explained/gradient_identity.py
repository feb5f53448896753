"""Whether the gradients of the losses are summed: every layer's residual."""

from __future__ import annotations

from jointbench.explain.gradient_identity import PRECISIONS, TRUNK, Identity
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def gradient_identity_tables(data: Identity, backend: str) -> tuple[Table, ...]:
    single_layers, double_layers = (
        [layer for layer in data.layers if layer.precision == precision] for precision in PRECISIONS
    )
    rows = (
        (
            single.layer,
            single.owner,
            single.residual,
            double.residual,
            None if single.owner == TRUNK else max(single.from_others, double.from_others),
        )
        for single, double in zip(single_layers, double_layers, strict=True)
    )
    title = "Gradient of the total loss against the weighted sum of the outputs' own gradients, by layer"
    headings = (
        "Layer",
        "Owner",
        "Residual in float32",
        "Residual in float64",
        "Largest gradient from another output's loss",
    )
    return (answer_table(title, headings, rows, backend),)
