"""How alike the joint trunk and the separate ones are, beside two seeds of one network."""

from __future__ import annotations

from jointbench.explain.representations import RepresentationComparison
from jointbench.explain.similarity import SimilarityByLayer
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def representations_tables(data: RepresentationComparison, backend: str) -> tuple[Table, ...]:
    headings = ("Output", "CKA of joint and separate", "CKA of two seeds", "Difference", "Low", "High", "Reading")
    title = "Last trunk layer, test rows, networks of different seeds; intervals over folds."
    rows = (last_layer(output) for output in data.outputs)
    layers = ((name, *values) for name, values in layer_rows(data))
    return (
        answer_table(title, headings, rows, backend),
        answer_table(LAYERS_TITLE, ("Networks", *data.layers), layers, backend),
    )


LAYERS_TITLE = "CKA by trunk layer, mean over folds."


def last_layer(similarity: SimilarityByLayer) -> tuple[str | float | None, ...]:
    """Name, CKA of the last layer of both comparisons, their difference with its interval, and its reading."""
    compared = similarity.difference is not None
    between, within = (similarity.between[-1], similarity.within[-1]) if compared else (None, None)
    return (similarity.name, between, within, *ends(similarity.difference), similarity.reading)


def layer_rows(data: RepresentationComparison) -> list[tuple[str, tuple[float | None, ...]]]:
    """Two rows an output: joint and separate, then two seeds of one network. None for an output without a fold."""
    return [
        row
        for output in data.outputs
        if output.between
        for row in ((f"joint and {output.name}", output.between), (f"two seeds, {output.name}", output.within))
    ]
