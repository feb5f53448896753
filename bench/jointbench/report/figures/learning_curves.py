"""Learning curves: what a budget of training FLOPs or seconds buys. The only figures drawn from the fits themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.compare.summary.costs import ArmCost
from jointbench.compare.summary.run import CellSummary, DatasetSummary
from jointbench.records import Fit
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.svg import SMALL
from jointbench.report.palette import Palette
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Table, columns, name, number

PANELS, FOLDS, POINTS = 6, 3, 160  # at most so many outputs, folds of a curve, and points in the whole figure
HIGHEST = 1.6  # a loss above it is far from anything of interest
LINES = f"a line for each of at most {FOLDS} folds; a network with several outputs pays for all of them at once."


@dataclass(frozen=True)
class Curve:
    """An output's validation loss in one fit. column: the output's in the fit's losses."""

    arm: str
    fit: Fit
    column: int

    @property
    def losses(self) -> list[float]:
        return [float(loss) for loss in self.fit.validation_loss[:, self.column]]

    @property
    def best_epoch(self) -> int:
        """The epoch with the weights that were kept, from 0."""
        return min(self.fit.best_epoch, len(self.fit.validation_loss) - 1)


@dataclass(frozen=True)
class BudgetCurve(Curve):
    """A curve, and what an epoch of its fit costs."""

    epoch_cost: float


@dataclass(frozen=True)
class Budget:
    """A cost to draw the loss against. epoch: the cost of one epoch of a fit of an arm, None where it is not known."""

    title: str
    name: str
    label: str
    explanation: str
    epoch: Callable[[Fit, ArmCost], float | None]
    tick: Callable[[float], str]


def _epoch_flops(fit: Fit, _: ArmCost) -> float:
    return fit.train_flops / fit.epochs


def _epoch_seconds(fit: Fit, cost: ArmCost) -> float | None:
    """Steps of an epoch at the measured time of one network's step."""
    return None if cost.step_seconds is None else fit.steps / fit.epochs * cost.step_seconds / len(cost.groups)


BY_FLOPS = Budget(
    "Learning curves",
    "training FLOPs",
    "training FLOPs of the network",
    f"the training FLOPs of the network that predicts the output, {LINES}",
    _epoch_flops,
    show.tick,
)
BY_CLOCK = Budget(
    "Learning curves by the clock",
    "seconds",
    "seconds of the network, without validation",
    f"the seconds of the network that predicts the output, its steps at the time of a step as it was measured, {LINES}",
    _epoch_seconds,
    show.seconds,
)


def learning_figure(
    cell: CellSummary, dataset: DatasetSummary, fits: Sequence[Fit], colours: Palette, slug: str, budget: Budget
) -> Figure | None:
    """The learning curves of one dataset on one backend and device; None without a fit of known cost."""
    costs = {cost.arm: cost for cost in cell.costs}
    curves = {
        output: [
            BudgetCurve(curve.arm, curve.fit, curve.column, epoch_cost)
            for curve in curves_of(cell, output, fits)
            if (epoch_cost := budget.epoch(curve.fit, costs[curve.arm])) is not None
        ]
        for output in dataset.outputs[:PANELS]
    }
    if not any(curves.values()):
        return None
    left_out = len(dataset.outputs) - len(curves)
    note = f" The first {PANELS} outputs are drawn." if left_out > 0 else ""
    alternative = (
        f"Validation loss of {len(curves)} outputs against {budget.name} in {cell_name(cell)}; "
        f"the table has the {budget.name if budget is BY_CLOCK else 'loss'} at the best epoch of every fold."
    )
    return Figure(
        slug=slug,
        title=budget.title,
        sentence=f"Lower is better (1 is no skill): validation loss against {budget.explanation}{note}",
        alternative=alternative,
        svg=_draw(curves, budget, colours, slug, alternative),
        table=_table(cell, curves, budget),
        legend=tuple(colours.style(cost.arm) for cost in cell.costs),
        caution=caution([dataset.folds]),
    )


def curves_of(cell: CellSummary, output: str, fits: Sequence[Fit]) -> list[Curve]:
    """An output's curve in every arm and fold, from the first seed."""
    curves: dict[tuple[str, int, int], Curve] = {}
    for fit in fits:
        network = fit.network
        if output not in network.group or fit.failure is not None or not len(fit.validation_loss):
            continue
        for cost in cell.costs:
            if _belongs(fit, cost):
                curve = Curve(cost.arm, fit, network.group.index(output))
                curves.setdefault((cost.arm, network.repeat, network.fold), curve)
    return list(curves.values())


def _belongs(fit: Fit, cost: ArmCost) -> bool:
    shape = fit.network.shape
    return fit.network.group in cost.groups and (shape.trunk, shape.head, shape.channels) == (
        cost.trunk,
        cost.head,
        cost.channels,
    )


def _table(cell: CellSummary, curves: dict[str, list[BudgetCurve]], budget: Budget) -> Table:
    by_arm: dict[tuple[str, str], list[BudgetCurve]] = {}
    for output, output_curves in curves.items():
        for curve in output_curves:
            by_arm.setdefault((output, curve.arm), []).append(curve)
    most = max(len(arm_curves) for arm_curves in by_arm.values())
    rows = []
    for (output, arm), arm_curves in by_arm.items():
        cells = [_best_epoch_cell(curve, budget) for curve in arm_curves]
        rows.append((name(output), name(arm), *cells, *[Cell("—", tone="absent")] * (most - len(cells))))
    quantity = "Seconds to" if budget is BY_CLOCK else "Validation loss (1 is no skill) at"
    return Table(
        f"{quantity} the best epoch of every fold in {cell_name(cell)}.",
        columns(("Output", "Arm"), [f"Fold {i}" for i in range(1, most + 1)]),
        tuple(rows),
        heads=2,
        source="records",
    )


def _best_epoch_cell(curve: BudgetCurve, budget: Budget) -> Cell:
    best = curve.best_epoch
    if budget is BY_CLOCK:
        return number((best + 1) * curve.epoch_cost, show.seconds)
    return number(curve.losses[best], show.significant)


def _draw(curves: dict[str, list[BudgetCurve]], budget: Budget, colours: Palette, slug: str, alternative: str) -> str:
    with style():
        across = 1 if len(curves) == 1 else 2
        down = -(-len(curves) // across)
        panel_width, panel_height = (WIDTH - 12) / across, 118
        surface = drawing(down * panel_height + 4)
        lines = sum(min(len(drawn), FOLDS * len({curve.arm for curve in drawn})) for drawn in curves.values())
        points = max(POINTS // max(lines, 1), 8)
        for i, (output, drawn) in enumerate(curves.items()):
            left, top = 34 + (i % across) * panel_width, 16 + (i // across) * panel_height
            panel = axes(surface, left, top, panel_width - 40, panel_height - 38)
            panel.set_title(show.shorten(output, 56 // across), fontsize=SMALL, fontweight="bold", loc="left", pad=3)
            _draw_panel(panel, drawn, budget, colours, points)
        surface.text(0.5, 2 / (down * panel_height + 4), budget.label, ha="center", fontsize=SMALL)
        return export(surface, slug, alternative)


def _draw_panel(panel: Axes, curves: list[BudgetCurve], budget: Budget, colours: Palette, points: int) -> None:
    """One panel: an arm's folds are one path with gaps. points: about so many of a curve are drawn."""
    finite = [loss for curve in curves for loss in curve.losses if show.known(loss)]
    lowest, top = min(finite, default=0.0), min(max([1.1, *finite]), HIGHEST)
    panel.set_ylim(0 if lowest < 0.5 else lowest - 0.02, max(top, lowest + 0.1))
    reference_line(panel, 1.0, horizontal=True)
    for arm in dict.fromkeys(curve.arm for curve in curves):
        costs: list[float] = []
        losses: list[float] = []
        for curve in [curve for curve in curves if curve.arm == arm][:FOLDS]:
            all_losses = curve.losses
            epochs = sorted({*range(0, len(all_losses), max(len(all_losses) // points, 1)), len(all_losses) - 1})
            costs.extend([*(curve.epoch_cost * (epoch + 1) for epoch in epochs), math.nan])
            losses.extend(
                all_losses[epoch] if all_losses[epoch] <= panel.get_ylim()[1] else math.nan for epoch in epochs
            )
            losses.append(math.nan)
        panel.plot(costs, losses, color=colours.style(arm).colour, linewidth=0.9, alpha=0.8)
    panel.set_xlim(left=0)
    panel.xaxis.set_major_locator(MaxNLocator(3))
    panel.yaxis.set_major_locator(MaxNLocator(4))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: budget.tick(value)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.tick_params(labelsize=SMALL - 1, length=2, pad=1.5)
