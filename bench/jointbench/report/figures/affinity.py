"""Which outputs help each other: the matrix of affinities, with its rows and columns in the order of a clustering."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from jointbench.comparison.summary.grouping import Grouping
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.shades import ROW, two_way
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS, Style
from jointbench.report.tables.grouping import SCREENED_OUT, affinity_table
from jointbench.report.tables.quality import cell_name
from jointbench.types import FloatArray

TREE, LETTERS, LETTER = 36, 14, 6  # height of the tree above the cells; letters of a name, and the width of one
MOST_UPRIGHT = 4  # columns with room for their names
MOST_NUMBERED, LOW_ROW = 20, 12  # outputs with room for a number in each cell; the height of a row without
ORDER = " The columns are in the order of the rows; the numbers are in the table."
HELPS, HARMS = Style("helps", COLOURS[0], "s"), Style("harms", COLOURS[1], "s")


def affinity_figure(cell: CellSummary, grouping: Grouping, slug: str) -> Figure | None:
    """None of a single output, or where some pair never trained, and not because a screen left it out."""
    table = np.array([[np.nan if value is None else value for value in row] for row in grouping.affinity], dtype=float)
    screened = grouping.screen is not None
    if len(table) < 2 or not (screened or np.isfinite(table).all()):
        return None
    phrases = [
        f"{show.shorten(output, 30)} with {show.shorten(other, 30)} {100 * table[down, across]:+.0f} %"
        for down, output in enumerate(grouping.outputs)
        for across, other in enumerate(grouping.outputs)
        if down != across and np.isfinite(table[down, across])
    ]
    alternative = f"Change of loss by training in pairs in {cell_name(cell)}: {spoken(phrases)}"
    return Figure(
        slug=slug,
        title="Who helps whom",
        sentence=(
            f"Each {'number' if len(table) <= MOST_NUMBERED else 'shade'} is the share, in percent, of the row's validation "
            "loss alone that training it together with the column removes. The tree joins the outputs that help each other most."
            + (SCREENED_OUT if screened else "")
            + (ORDER if len(table) > MOST_NUMBERED else "")
        ),
        alternative=alternative,
        svg=_draw(table, grouping.outputs, slug, alternative),
        table=affinity_table(cell, grouping),
        legend=(HELPS, HARMS),
    )


def _draw(table: FloatArray, outputs: tuple[str, ...], slug: str, alternative: str) -> str:
    known = np.nan_to_num(table)  # a pair that is not known is taken to change nothing
    frame = pd.DataFrame(100 * known)
    most = max(float(np.abs(frame.to_numpy()).max()), 1.0)
    tree, numbered = _tree(known), len(outputs) <= MOST_NUMBERED
    upright = len(outputs) <= MOST_UPRIGHT
    beside = 10 + LETTER * max(len(show.shorten(output, LETTERS)) for output in outputs)
    below = 34 if upright or not numbered else beside + 16
    height = (ROW if numbered else LOW_ROW) * len(outputs) + TREE + below
    with style():
        grid = seaborn.clustermap(
            frame,
            row_linkage=tree,
            col_linkage=tree,
            mask=np.eye(len(outputs), dtype=bool) | np.isnan(table),
            annot=frame.map(lambda value: show.fixed(value, 0, sign=True)) if numbered else None,
            fmt="",
            annot_kws={"color": INK},
            cmap=two_way().reversed(),
            vmin=-most,
            vmax=most,
            cbar_pos=None,
            figsize=(WIDTH / 72, height / 72),
            dendrogram_ratio=(0.12, TREE / height),
            tree_kws={"colors": INK, "linewidths": 0.8},
        )
        surface = grid.figure
        grid.gs.update(left=0.01, right=1 - beside / WIDTH, bottom=below / height, top=0.99)
        order = grid.dendrogram_row.reordered_ind
        names = [show.shorten(outputs[i], LETTERS) for i in order]
        panel = grid.ax_heatmap
        across = names if numbered else []
        panel.set_xticks(np.arange(len(across)) + 0.5, across, rotation=0 if upright else 90)
        panel.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
        panel.set(xlabel="trained together with", ylabel="")
        panel.tick_params(length=0)
        if np.isnan(table).any():
            panel.add_patch(_frames(table[np.ix_(order, order)]))
        plt.close(surface)  # pyplot keeps what it made; the drawing itself goes on
        FigureCanvasSVG(surface)
        return export(surface, slug, alternative)


def _frames(table: FloatArray) -> PathPatch:
    """Around the cells of every pair that was trained, which tell one of no effect from a blank one."""
    known = np.isfinite(table) & ~np.eye(len(table), dtype=bool)
    cells = [
        Path.unit_rectangle().transformed(Affine2D().translate(across, down)) for down, across in np.argwhere(known)
    ]
    return PathPatch(Path.make_compound_path(*cells), fill=False, edgecolor=INK, linewidth=0.3)


def _tree(table: FloatArray) -> FloatArray:
    """Average linkage by how much two outputs help each other together."""
    mutual = squareform(table + table.T, checks=False)
    least = max(0.1 * float(np.ptp(mutual)), 1e-9)  # of the first join, which would lie on the cells at no distance
    return np.asarray(linkage(mutual.max() - mutual + least, method="average"))
