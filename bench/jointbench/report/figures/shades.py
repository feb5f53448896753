"""Heat maps with a number in every cell, in shades on which the page's ink is readable."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS

ROW = 22  # the height of a row of cells
OPACITY = 0.6  # of the fullest shade


def one_way() -> LinearSegmentedColormap:
    """From nothing to the first colour."""
    full = to_rgba(COLOURS[0], OPACITY)
    return LinearSegmentedColormap.from_list("one way", [(*full[:3], 0.0), full])


def two_way() -> LinearSegmentedColormap:
    """From the first colour through nothing to the second."""
    low, high = (to_rgba(colour, OPACITY) for colour in COLOURS[:2])
    steps = [(0.0, low), (0.5, (*low[:3], 0.0)), (0.5, (*high[:3], 0.0)), (1.0, high)]
    return LinearSegmentedColormap.from_list("two ways", steps)


def draw_cells(
    panel: Axes,
    values: Sequence[Sequence[float | None]],
    texts: Sequence[Sequence[str]],
    shades: LinearSegmentedColormap,
    limits: tuple[float, float],
    columns: Sequence[str],
    rows: Sequence[str] = (),
) -> None:
    """Cells with their texts; None is a cell without a shade. rows, columns: their names."""
    numbers = np.array([[math.nan if value is None else value for value in row] for row in values], dtype=float)
    seaborn.heatmap(
        numbers,
        ax=panel,
        vmin=limits[0],
        vmax=limits[1],
        cmap=shades,
        cbar=False,
        xticklabels=False,
        yticklabels=False,
    )
    panel.set_xticks(np.arange(len(columns)) + 0.5, columns)
    panel.set_yticks(np.arange(len(rows)) + 0.5, rows)
    for down, row in enumerate(texts):
        for across, text in enumerate(row):
            panel.text(across + 0.5, down + 0.5, text, ha="center", va="center_baseline", color=INK)
    panel.tick_params(length=0)
