"""Figures with a row for each name: marks with their intervals, those of one row below each other in slots."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from jointbench.report import format as show
from jointbench.report.figures.canvas import drawing, levels, scatter
from jointbench.report.figures.svg import INK
from jointbench.report.palette import Style
from jointbench.stats.estimate import Estimate

SLOT, LEAST, ABOVE, FOOT = 10, 24, 4, 34  # heights: of a slot, of a row at least, and around the rows
SPREAD = 0.8  # the part of a row that its slots share, as in seaborn's dodge
LETTERS, LINES, LETTER = 23, 2, 5.3  # of a row's label, and about how wide a letter is


@dataclass(frozen=True)
class Mark:
    """A value with its interval: the number of its row, and the arm or whatever else its slot stands for."""

    row: int
    estimate: Estimate
    style: Style


def row_panels(rows: Sequence[str], slots: int, labels: Sequence[str]) -> tuple[Drawing, list[Axes]]:
    """Empty panels over the same rows, a panel for each label of an x axis."""
    height = max(len(rows), 1) * max(slots * SLOT + 4, LEAST) + ABOVE + FOOT
    letters = max((len(line) for row in rows for line in _label(row).split("\n")), default=0)
    margins = (14 + LETTER * letters, 10, ABOVE, FOOT)
    surface, panels = drawing(height, 1, len(labels), margins=margins, sharey=True, gridspec_kw={"wspace": 0.08})
    for panel, label in zip(panels, labels, strict=True):
        panel.set_xlabel(label)
        name_rows(panel, rows)
        between, across = np.arange(1, len(rows)) - 0.5, panel.get_yaxis_transform()
        panel.hlines(between, 0, 1, INK, linewidth=0.6, alpha=0.2, zorder=0, transform=across)
        panel.tick_params(axis="y", length=0, pad=4)
        panel.spines["left"].set_visible(False)
    return surface, panels


def name_rows(panel: Axes, rows: Sequence[str]) -> None:
    """The names of the rows, once more after a plot of seaborn's that has set its own."""
    panel.set(ylim=(len(rows) - 0.5, -0.5), ylabel="")
    panel.set_yticks(range(len(rows)), [_label(row) for row in rows])


def _label(name: str) -> str:
    """A name in at most two lines; what is cut off is marked."""
    return "\n".join(textwrap.wrap(show.shorten(name, LETTERS * LINES - 4), LETTERS, break_on_hyphens=False))


def places(rows: Sequence[int], slots: Sequence[int], count: int) -> list[float]:
    """Where the slots of the rows are on the axis."""
    return [row + SPREAD * ((slot + 0.5) / count - 0.5) for row, slot in zip(rows, slots, strict=True)]


def draw_marks(panel: Axes, marks: Sequence[Mark], styles: Sequence[Style], size: float = 5.5) -> None:
    """Marks with their intervals; ends beyond the axis become arrow heads. Set the limits before."""
    known = [mark for mark in marks if show.known(mark.estimate.value)]
    if not known:
        return
    slots = levels(styles)
    low, high = panel.get_xlim()
    frame = pd.DataFrame(
        {
            "value": [mark.estimate.value for mark in known],
            "low": [mark.estimate.low for mark in known],
            "high": [mark.estimate.high for mark in known],
            "place": places([mark.row for mark in known], [slots[mark.style.name] for mark in known], len(slots)),
            "arm": [slots[mark.style.name] for mark in known],
            "colour": [mark.style.colour for mark in known],
        }
    )
    wide = frame[frame.high > frame.low]
    ends = (wide.low.clip(low, high), wide.high.clip(low, high))
    panel.hlines(wide.place, *ends, list(wide.colour), linewidth=1.6, zorder=3)
    for outside, at, head in ((frame[frame.low < low], low, "<"), (frame[frame.high > high], high, ">")):
        if len(outside):
            x, colours = [at] * len(outside), list(outside.colour)
            panel.scatter(x, outside.place, s=20, c=colours, marker=head, linewidths=0, clip_on=False)
    label = panel.get_xlabel()
    scatter(frame[frame.value.between(low, high)], "value", "place", styles, panel, size)
    panel.set(xlabel=label, ylabel="")


def grey_strips(panel: Axes, marks: Sequence[Mark], styles: Sequence[Style], opacity: float) -> None:
    """A strip behind the slot of each mark, from one end of its interval to the other."""
    slots = levels(styles)
    low = np.clip([mark.estimate.low for mark in marks], *panel.get_xlim())
    high = np.clip([mark.estimate.high for mark in marks], *panel.get_xlim())
    at = places([mark.row for mark in marks], [slots[mark.style.name] for mark in marks], len(slots))
    panel.barh(at, high - low, SPREAD / len(slots), low, color=INK, alpha=opacity, linewidth=0, zorder=0)
