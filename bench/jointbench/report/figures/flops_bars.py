"""Training FLOPs of one row, a bar for each arm: trunks and heads, forward and backward."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.compare.summary.costs import ArmFlops
from jointbench.compare.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.rows import ROW, lay_out
from jointbench.report.palette import Palette
from jointbench.report.tables.flops import flops_table
from jointbench.report.tables.quality import cell_name

OPACITY = {"trunk, forward": 1.0, "trunk, backward": 0.7, "heads, forward": 0.45, "heads, backward": 0.22}
SENTENCE = (
    "Shorter is cheaper: FLOPs to train on one row, all networks of the arm together; from full to faint colour "
    "trunks forward and backward, heads forward and backward. What sharing saves is trunk."
)


def flops_bars(cell: CellSummary, colours: Palette, slug: str) -> Figure:
    """The bars of one dataset on one backend and device."""
    phrases = [
        f"{show.shorten(flops.arm, 30)}: "
        + ", ".join(f"{part} {show.flops(value)}" for part, value in zip(OPACITY, flops_parts(flops), strict=True))
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
    with style():
        rows = lay_out([("", [flops.arm for flops in cell.flops])], ["FLOPs of one row, forward and backward"])
        (panel,) = rows.panels
        for height, flops in zip(rows.at[0], cell.flops, strict=True):
            left = 0.0
            for value, opacity in zip(flops_parts(flops), OPACITY.values(), strict=True):
                panel.barh(
                    height, value, ROW * 0.7, left, color=colours.style(flops.arm).colour, alpha=opacity, linewidth=0
                )
                left += value
        panel.set_xlim(left=0)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
        return export(rows.surface, slug, alternative)
