"""Heat map of representations: how alike two networks' trunks are, layer by layer, beside two seeds of one network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from jointbench.explain.representations import RepresentationComparison
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained.representations import LAYERS_TITLE, layer_rows
from jointbench.report.tables.table import Table, columns, name, number

ROW, TOP, FOOT, LETTERS, LETTER = 22, 6, 40, 26, 5.3
Row = tuple[str, tuple[float | None, ...]]  # a label, and CKA by layer
OPACITY = 0.6  # so that the page's ink is readable on every cell
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
    values = np.array([[math.nan if value is None else value for value in by_layer] for _, by_layer in rows])
    labels = [show.shorten(label, LETTERS) for label, _ in rows]
    left = 14 + LETTER * max(len(label) for label in labels)
    full = to_rgba(COLOURS[0], OPACITY)
    with style():
        surface = drawing(TOP + ROW * len(rows) + FOOT)
        panel = axes(surface, left, TOP, WIDTH - left - 8, ROW * len(rows))
        colours = LinearSegmentedColormap.from_list("cka", [(*full[:3], 0.0), full])
        seaborn.heatmap(
            values,
            ax=panel,
            vmin=0,
            vmax=1,
            cmap=colours,
            cbar=False,
            annot=False,
            xticklabels=False,
            yticklabels=False,
        )
        for down, (_, by_layer) in enumerate(rows):
            for across, value in enumerate(by_layer):
                panel.text(
                    across + 0.5, down + 0.5, _text(value), fontsize=SMALL, ha="center", va="center_baseline", color=INK
                )
        panel.set_xticks([i + 0.5 for i in range(len(layers))], layers, rotation=0)
        panel.set_yticks([i + 0.5 for i in range(len(labels))], labels, rotation=0)
        panel.set_xlabel("layer of the trunk", labelpad=2)
        panel.tick_params(length=0, pad=2)
        return export(surface, slug, alternative)
