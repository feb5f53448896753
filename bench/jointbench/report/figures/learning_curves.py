"""Learning curves: what a budget of training FLOPs buys. The only figure drawn from the fits themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.comparison.summary.costs import ArmCost
from jointbench.comparison.summary.grouping import Grouping
from jointbench.comparison.summary.run import CellSummary, DatasetSummary
from jointbench.records import Fit
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, decades, drawing, export, looks, reference_line, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Table, columns, name, number
from jointbench.types import FloatArray

PANELS, POINTS, HEIGHT = 6, 16, 130  # at most so many outputs, points of a line, and the height of a row of panels
HIGHEST = 1.6  # a loss above it is far from anything of interest
SENTENCE = (
    "Lower is better (1 is no skill): validation loss against the training FLOPs of the network that predicts the "
    "output; a network with several outputs pays for all of them at once. The line is the median over folds, the band "
    "holds the middle half of them; after its best epoch a fold stays at the loss of the weights it keeps."
)


@dataclass(frozen=True)
class Curve:
    """An output's validation loss in one fit. column: the output's in the fit's losses."""

    arm: str
    fit: Fit
    column: int

    @property
    def losses(self) -> FloatArray:
        """The losses up to the best epoch."""
        return self.fit.validation_loss[: self.fit.best_epoch_of(self.column) + 1, self.column].astype(np.float64)

    @property
    def kept(self) -> float:
        """The loss of the weights that were kept."""
        return float(self.losses[-1])

    @property
    def costs(self) -> FloatArray:
        """The training FLOPs up to the end of every epoch."""
        return self.fit.train_flops / self.fit.epochs * np.arange(1.0, len(self.fit.validation_loss) + 1)


def learning_figure(
    cell: CellSummary, dataset: DatasetSummary, fits: Sequence[Fit], colours: Palette, slug: str
) -> Figure | None:
    """The learning curves of one dataset on one backend and device; None without a fit."""
    curves = {output: curves_of(cell, output, fits) for output in dataset.outputs[:PANELS]}
    if not any(curves.values()):
        return None
    left_out = len(dataset.outputs) - len(curves)
    note = f" The first {PANELS} outputs are drawn." if left_out > 0 else ""
    alternative = (
        f"Validation loss of {len(curves)} outputs against training FLOPs in {cell_name(cell)}; "
        "the table has the loss at the best epoch of every fold."
    )
    styles = tuple(colours.style(cost.arm) for cost in cell.costs)
    return Figure(
        slug=slug,
        title="Learning curves",
        sentence=SENTENCE + note,
        alternative=alternative,
        svg=_draw(curves, styles, slug, alternative),
        table=_table(cell, curves),
        legend=styles,
        caution=caution([dataset]),
    )


def curves_of(cell: CellSummary, output: str, fits: Sequence[Fit]) -> list[Curve]:
    """An output's curve in every arm and fold, from the first seed."""
    curves: dict[tuple[str, int, int], Curve] = {}
    for fit in fits:
        network = fit.network
        if output not in network.group or fit.failure is not None or not len(fit.validation_loss):
            continue
        if not fit.train_flops:  # a user's own trunk may have no count, and then there is no axis to draw it on
            continue
        for cost in cell.costs:
            if _belongs(fit, cost, cell.grouping):
                curve = Curve(cost.arm, fit, network.group.index(output))
                curves.setdefault((cost.arm, network.repeat, network.fold), curve)
    return list(curves.values())


def _belongs(fit: Fit, cost: ArmCost, grouping: Grouping | None) -> bool:
    network, shape, groups = fit.network, fit.network.shape, cost.groups
    if grouping is not None and grouping.arm == cost.arm:
        run = (network.repeat, network.fold, network.seed)
        groups = next((item.partition for item in grouping.budgets[-1].chosen if run in item.runs), ())
    checkpoint = cost.checkpoint if len(network.group) > 1 else "network"  # of one output it makes no difference
    return network.group in groups and (shape.trunk, shape.head, shape.channels, network.recipe.checkpoint) == (
        cost.trunk,
        cost.head,
        cost.channels,
        checkpoint,
    )


def _table(cell: CellSummary, curves: Mapping[str, Sequence[Curve]]) -> Table:
    by_arm: dict[tuple[str, str], list[Curve]] = {}
    for output, output_curves in curves.items():
        for curve in output_curves:
            by_arm.setdefault((output, curve.arm), []).append(curve)
    most = max(len(arm_curves) for arm_curves in by_arm.values())
    rows = []
    for (output, arm), arm_curves in by_arm.items():
        cells = [number(curve.kept, show.significant) for curve in arm_curves]
        rows.append((name(output), name(arm), *cells, *[Cell("—", tone="absent")] * (most - len(cells))))
    return Table(
        f"Validation loss (1 is no skill) at the best epoch of every fold in {cell_name(cell)}.",
        columns(("Output", "Arm"), [f"Fold {i}" for i in range(1, most + 1)]),
        tuple(rows),
        heads=2,
        source="records",
    )


def over_folds(curves: Sequence[Curve]) -> pd.DataFrame:
    """An arm's losses where all folds have one, at budgets in equal ratios: the median, and where the middle half lies."""
    costs = [curve.costs for curve in curves]
    budgets = np.geomspace(max(cost[0] for cost in costs), max(cost[-1] for cost in costs), POINTS)
    losses = np.array(
        [np.interp(budgets, cost[: len(curve.losses)], curve.losses) for cost, curve in zip(costs, curves, strict=True)]
    )
    low, middle, high = np.quantile(losses, (0.25, 0.5, 0.75), axis=0)
    frame = pd.DataFrame({"FLOPs": budgets, "loss": middle, "low": low, "high": high})
    return frame.dropna()


def _draw(curves: Mapping[str, Sequence[Curve]], styles: Sequence[Style], slug: str, alternative: str) -> str:
    across = 1 if len(curves) == 1 else 2
    down = -(-len(curves) // across)
    with style():
        surface, panels = drawing(
            down * HEIGHT + 20,
            down,
            across,
            margins=(34, 12, 16, 34),
            gridspec_kw={"hspace": 0.42, "wspace": 0.3},
        )
        for panel in panels[len(curves) :]:
            panel.remove()
        for panel, (output, drawn) in zip(panels, curves.items(), strict=False):
            panel.set_title(show.shorten(output, 50 // across))
            by_arm = [[curve for curve in drawn if curve.arm == mark.name] for mark in styles]
            lines = [over_folds(folds).assign(arm=arm) for arm, folds in enumerate(by_arm) if folds]
            if lines:
                _draw_panel(panel, pd.concat(lines), styles)
        surface.supxlabel("training FLOPs of the network")
        return export(surface, slug, alternative)


def _draw_panel(panel: Axes, lines: pd.DataFrame, styles: Sequence[Style]) -> None:
    lowest = float(lines.low.min())
    top = max(min(float(lines.high.max()), HIGHEST), lowest + 0.02)
    panel.set(xscale="log", ylim=(lowest - 0.08 * (top - lowest), top + 0.08 * (top - lowest)))
    decades(panel.xaxis, lines.FLOPs.min(), lines.FLOPs.max(), 3)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.tick(value)))
    panel.yaxis.set_major_locator(MaxNLocator(4))
    reference_line(panel, 1.0, horizontal=True)
    ends = lines[["loss", "low", "high"]].clip(upper=panel.get_ylim()[1])
    drawn = lines.assign(loss=ends.loss, low=ends.low, high=ends.high)
    options = looks(styles)
    seaborn.lineplot(drawn, x="FLOPs", y="loss", hue="arm", estimator=None, ax=panel, **options)
    for arm, band in drawn.groupby("arm", sort=False):
        around = (np.concatenate([band.FLOPs, band.FLOPs[::-1]]), np.concatenate([band.low, band.high[::-1]]))
        panel.fill(*around, color=options["palette"][arm], alpha=BAND, linewidth=0)
    panel.set(xlabel="", ylabel="")
