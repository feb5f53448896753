"""The layout of most figures: labelled rows grouped under headings, with panels beside them.

A heading has the whole width, so a long name of an output or dataset takes no width from the panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing
from jointbench.report.figures.svg import SMALL

ROW, HEADING, FOOT, TOP = 14, 19, 38, 6
LABEL_LETTERS, HEADING_LETTERS = 20, 58
LETTER = 5.3  # approximate width of a label's letter in pixels
GAP = 12  # between panels


@dataclass(frozen=True)
class Rows:
    """Panels over the same rows. at[g][r] is the height of row r under heading g, the same in every panel."""

    surface: Drawing
    panels: tuple[Axes, ...]
    at: tuple[tuple[float, ...], ...]


def lay_out(groups: Sequence[tuple[str, Sequence[str]]], labels: Sequence[str]) -> Rows:
    """Empty panels over rows under headings. labels: the panels' x labels; an empty heading takes no room."""
    shortened = [[show.shorten(row, LABEL_LETTERS) if row else "" for row in rows] for _, rows in groups]
    margin = 14 + LETTER * max((len(row) for rows in shortened for row in rows), default=0)
    down, at = 0.0, []
    texts: list[tuple[float, float, str, dict[str, Any]]] = []  # x, y, text, its style
    for (heading, _), rows in zip(groups, shortened, strict=True):
        if heading:
            bold = {"fontsize": SMALL + 1, "fontweight": "bold"}
            texts.append((2, down + HEADING * 0.62, show.shorten(heading, HEADING_LETTERS), bold))
            down += HEADING
        heights = [down + ROW * (i + 0.5) for i in range(len(rows))]
        texts.extend(
            (margin - 8, place, row, {"fontsize": SMALL, "ha": "right"})
            for place, row in zip(heights, rows, strict=True)
            if row
        )
        at.append(tuple(heights))
        down += ROW * len(rows) + (4 if heading else 0)
    height = TOP + down + FOOT + 11 * max(label.count("\n") for label in labels)
    surface = drawing(height)
    width = (WIDTH - margin - 10 - GAP * (len(labels) - 1)) / len(labels)
    panels = []
    for i, label in enumerate(labels):
        panel = axes(surface, margin + i * (width + GAP), TOP, width, down)
        panel.set(ylim=(down, 0), xlabel=label, yticks=[])
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="x", length=3, pad=2)
        panel.xaxis.labelpad = 2
        panels.append(panel)
    for x, y, text, text_style in texts:  # not as tick labels, which take three times as long to draw
        surface.text(x / WIDTH, 1 - (TOP + y) / height, text, va="center", **text_style)
    return Rows(surface, tuple(panels), tuple(at))
