"""Heat map of representations: how alike two networks' trunks are, layer by layer, beside two seeds of one network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.explain.representations import RepresentationComparison
from jointbench.report import format as show
from jointbench.report.figures.canvas import drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.shades import ROW, draw_cells, one_way
from jointbench.report.tables.explained.representations import LAYERS_TITLE, layer_rows
from jointbench.report.tables.table import Table, columns, name, number

FOOT, LETTERS = 40, 26
Row = tuple[str, tuple[float | None, ...]]  # a label, and CKA by layer
SENTENCE = (
    "1: the same representation up to rotation and scale; 0: unrelated ones. Networks of different seeds; a pair of "
    "networks learns the same where its row is as dark as that of two seeds below it."
)


def representation_figures(data: RepresentationComparison, backend: str, slug: str) -> list[Figure]:
    """The map of every output's layers; none where no fold could be compared."""
    rows = layer_rows(data)
    if not (rows and data.layers):
        return []
    phrases = [f"{show.shorten(label, 40)} {_text(values[-1])} in the last layer" for label, values in rows]
    alternative = f"Linear CKA of trunk layers: {spoken(phrases)}"
    return [
        Figure(
            slug=slug,
            title=f"How alike the trunks are: {show.plain(backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(rows, data.layers, slug, alternative),
            table=_table(rows, data.layers),
        )
    ]


def _table(rows: Sequence[Row], layers: Sequence[str]) -> Table:
    """With two digits, as the map has them."""
    cells = ((name(label), *(number(value, lambda v: f"{v:.2f}") for value in values)) for label, values in rows)
    return Table(LAYERS_TITLE, columns(("Networks",), layers), tuple(cells))


def _text(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.2f}"


def _draw(rows: Sequence[Row], layers: Sequence[str], slug: str, alternative: str) -> str:
    values = [by_layer for _, by_layer in rows]
    texts = [[_text(value) for value in by_layer] for by_layer in values]
    with style():
        surface, (panel,) = drawing(ROW * len(rows) + FOOT)
        draw_cells(panel, values, texts, one_way(), (0, 1), layers, [show.shorten(label, LETTERS) for label, _ in rows])
        panel.set_xlabel("layer of the trunk")
        return export(surface, slug, alternative)
