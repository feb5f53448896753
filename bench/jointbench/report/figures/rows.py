"""The layout that most figures share: rows with a label on the left, gathered under headings, and panels beside them.

A heading has the whole width, so a long name of an output or dataset costs a line and not the drawing's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from jointbench.report import format as show
from jointbench.report.figures.canvas import SMALL, WIDTH, axes, drawing

ROW, HEADING, FOOT, TOP = 14, 19, 38, 6
LABEL_LETTERS, HEADING_LETTERS = 20, 58
LETTER = 5.3  # pixels of one letter of a label, near enough
GAP = 12  # between panels


@dataclass(frozen=True)
class Rows:
    """Panels over the same rows. at[g][r] is the height of row r under heading g, the same in every panel."""

    surface: Drawing
    panels: tuple[Axes, ...]
    at: tuple[tuple[float, ...], ...]


def lay_out(groups: Sequence[tuple[str, Sequence[str]]], labels: Sequence[str]) -> Rows:
    """Empty panels, one for each of ``labels`` (their x labels), over rows under headings. An empty heading takes no room."""
    shortened = [[show.shorten(row, LABEL_LETTERS) if row else "" for row in rows] for _, rows in groups]
    margin = 14 + LETTER * max((len(row) for rows in shortened for row in rows), default=0)
    down, at, ticks = 0.0, [], []
    headings = []
    for (heading, _), rows in zip(groups, shortened, strict=True):
        if heading:
            headings.append((down + HEADING * 0.62, show.shorten(heading, HEADING_LETTERS)))
            down += HEADING
        places = [down + ROW * (i + 0.5) for i in range(len(rows))]
        ticks.extend(zip(places, rows, strict=True))
        at.append(tuple(places))
        down += ROW * len(rows) + (4 if heading else 0)
    lines = 1 + max(label.count("\n") for label in labels)
    surface = drawing(TOP + down + FOOT + 11 * (lines - 1))
    width = (WIDTH - margin - 10 - GAP * (len(labels) - 1)) / len(labels)
    panels = []
    for i, label in enumerate(labels):
        panel = axes(surface, margin + i * (width + GAP), TOP, width, down)
        panel.set(ylim=(down, 0), xlabel=label)
        panel.spines["left"].set_visible(False)
        panel.set_yticks([place for place, _ in ticks] if i == 0 else [])
        panel.tick_params(axis="y", length=0, pad=8)
        panel.tick_params(axis="x", length=3, pad=2)
        panel.xaxis.labelpad = 2
        if i == 0:
            panel.set_yticklabels([text for _, text in ticks])
        panels.append(panel)
    across = surface.get_size_inches()[0] * 72
    for place, text in headings:
        height = surface.get_size_inches()[1] * 72
        surface.text(2 / across, 1 - (TOP + place) / height, text, fontsize=SMALL + 1, fontweight="bold", va="center")
    return Rows(surface, tuple(panels), tuple(at))
