"""Heat map of representations: how alike two networks' trunks are, layer by layer, beside two seeds of one network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from jointbench.explain.answer import Answer, Value
from jointbench.explain.representations import LAYERS_TITLE
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.table import Table, columns, name, number

ROW, TOP, FOOT, LETTERS, LETTER = 22, 6, 40, 26, 5.3
OPACITY = 0.6  # so that the page's ink is readable on every cell
SENTENCE = (
    "1: the same representation up to rotation and scale; 0: unrelated ones. Networks of different seeds; a pair of "
    "networks learns the same where its row is as dark as that of two seeds below it."
)


def representation_figures(answer: Answer, slug: str) -> list[Figure]:
    """The map of an answer on representations; none where it has no layers to show."""
    table = next((candidate for candidate in answer.tables if candidate.title == LAYERS_TITLE), None)
    if table is None or not table.rows:
        return []
    layers = table.columns[1:]
    phrases = [f"{show.shorten(str(row[0]), 40)} {_text(row[-1])} in the last layer" for row in table.rows]
    alternative = f"Linear CKA of trunk layers: {spoken(phrases)}"
    cka_table = Table(
        table.title,
        columns((table.columns[0],), layers),
        tuple(
            (name(str(row[0])), *(number(_known(value), lambda v: f"{v:.2f}") for value in row[1:]))
            for row in table.rows
        ),
    )
    return [
        Figure(
            slug=slug,
            title=f"How alike the trunks are: {answer.backend}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(table.rows, layers, slug, alternative),
            table=cka_table,
        )
    ]


def _known(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: Value) -> str:
    known = _known(value)
    return "–" if known is None else f"{known:.2f}"


def _draw(rows: Sequence[tuple[Value, ...]], layers: Sequence[str], slug: str, alternative: str) -> str:
    values = np.array([[math.nan if (known := _known(value)) is None else known for value in row[1:]] for row in rows])
    labels = [show.shorten(str(row[0]), LETTERS) for row in rows]
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
        for down, row in enumerate(rows):
            for across, value in enumerate(row[1:]):
                panel.text(
                    across + 0.5, down + 0.5, _text(value), fontsize=SMALL, ha="center", va="center_baseline", color=INK
                )
        panel.set_xticks([i + 0.5 for i in range(len(layers))], layers, rotation=0)
        panel.set_yticks([i + 0.5 for i in range(len(labels))], labels, rotation=0)
        panel.set_xlabel("layer of the trunk", labelpad=2)
        panel.tick_params(length=0, pad=2)
        return export(surface, slug, alternative)
