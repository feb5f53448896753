"""Training FLOPs of one row, a bar for each arm: trunks and heads, forward and backward."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.comparison.summary.costs import ArmFlops
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, looks, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.rows import name_rows, row_panels
from jointbench.report.palette import Palette
from jointbench.report.tables.flops import flops_table
from jointbench.report.tables.quality import cell_name

PARTS = ("trunks, forward", "trunks, backward", "heads, forward", "heads, backward")
SENTENCE = (
    "Shorter is cheaper: FLOPs to train on one row, all networks of the arm together. What sharing saves is trunk; "
    "every output keeps its head."
)


def flops_bars(cell: CellSummary, colours: Palette, slug: str) -> Figure:
    """The bars of one dataset on one backend and device."""
    phrases = [
        f"{show.shorten(flops.arm, 30)}: "
        + ", ".join(f"{part} {show.flops(value)}" for part, value in zip(PARTS, flops_parts(flops), strict=True))
        for flops in cell.flops
    ]
    alternative = f"Training FLOPs of one row in {cell_name(cell)}, by part: {spoken(phrases)}"
    return Figure(
        slug=slug,
        title="Training FLOPs by part",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(cell, colours, slug, alternative),
        table=flops_table(cell),
        legend=tuple(colours.style(flops.arm) for flops in cell.flops),
    )


def flops_parts(flops: ArmFlops) -> tuple[int, int, int, int]:
    """The parts in the order in which they are drawn."""
    return flops.trunk_forward, flops.trunk_backward, flops.heads_forward, flops.heads_backward


def _draw(cell: CellSummary, colours: Palette, slug: str, alternative: str) -> str:
    bars = pd.DataFrame(
        [
            (part, arm, float(value))
            for arm, flops in enumerate(cell.flops)
            for part, value in zip(PARTS, flops_parts(flops), strict=True)
        ],
        columns=["part", "arm", "FLOPs"],
    )
    with style():
        surface, (panel,) = row_panels(PARTS, len(cell.flops), ["FLOPs of one row"])
        seaborn.barplot(
            bars,
            x="FLOPs",
            y="part",
            hue="arm",
            order=PARTS,
            **looks([colours.style(flops.arm) for flops in cell.flops]),
            saturation=1,
            errorbar=None,
            linewidth=0,
            ax=panel,
        )
        name_rows(panel, PARTS)
        panel.set(xlim=(0, None), xlabel="FLOPs of one row")
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        return export(surface, slug, alternative)
