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
Curve = tuple[str, Fit, int]  # the arm, the fit, the output's column in it
Paid = tuple[str, Fit, int, float]  # the same and what an epoch cost


@dataclass(frozen=True)
class Budget:
    """What an epoch of a network costs: ``epoch`` takes its fit and its arm and gives None where it is not known."""

    title: str
    name: str
    label: str
    how: str
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
            (arm, fit, column, spent)
            for arm, fit, column in curves_of(cell, output, fits)
            if (spent := budget.epoch(fit, costs[arm])) is not None
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
        sentence=f"Lower is better (1 is no skill): validation loss against {budget.how}{note}",
        alternative=alternative,
        svg=_draw(curves, budget, colours, slug, alternative),
        table=_table(cell, curves, budget),
        legend=tuple(colours.style(cost.arm) for cost in cell.costs),
        caution=caution([dataset.folds]),
    )


def curves_of(cell: CellSummary, output: str, fits: Sequence[Fit]) -> list[Curve]:
    """The fits that predict an output, with the arm that each belongs to, first seed of every fold."""
    made: dict[tuple[str, int, int], Curve] = {}
    for fit in fits:
        network = fit.network
        if output not in network.group or fit.failure is not None or not len(fit.validation_loss):
            continue
        for cost in cell.costs:
            if _belongs(fit, cost):
                made.setdefault((cost.arm, network.repeat, network.fold), (cost.arm, fit, network.group.index(output)))
    return list(made.values())


def _belongs(fit: Fit, cost: ArmCost) -> bool:
    shape = fit.network.shape
    return fit.network.group in cost.groups and (shape.trunk, shape.head, shape.channels) == (
        cost.trunk,
        cost.head,
        cost.channels,
    )


def _table(cell: CellSummary, curves: dict[str, list[Paid]], budget: Budget) -> Table:
    rows = []
    by_arm = {
        (output, arm): [(fit, column, spent) for one, fit, column, spent in made if one == arm]
        for output, made in curves.items()
        for arm in dict.fromkeys(one for one, *_ in made)
    }
    most = max(len(fits) for fits in by_arm.values())
    for (output, arm), found in by_arm.items():
        if budget is BY_CLOCK:
            cells = [number((_best(fit) + 1) * spent, show.seconds) for fit, _, spent in found]
        else:
            cells = [
                number(float(fit.validation_loss[_best(fit), column]), show.significant) for fit, column, _ in found
            ]
        rows.append((name(output), name(arm), *cells, *[Cell("—", tone="absent")] * (most - len(cells))))
    what = "Seconds to" if budget is BY_CLOCK else "Validation loss (1 is no skill) at"
    return Table(
        f"{what} the best epoch of every fold in {cell_name(cell)}.",
        columns(("Output", "Arm"), [f"Fold {i}" for i in range(1, most + 1)]),
        tuple(rows),
        heads=2,
        source="records",
    )


def _best(fit: Fit) -> int:
    """Row of the curves with the weights that were kept."""
    return min(fit.best_epoch, len(fit.validation_loss) - 1)


def _draw(curves: dict[str, list[Paid]], budget: Budget, colours: Palette, slug: str, alternative: str) -> str:
    with style():
        across = 1 if len(curves) == 1 else 2
        down = -(-len(curves) // across)
        wide, tall = (WIDTH - 12) / across, 118
        surface = drawing(down * tall + 4)
        lines = sum(min(len(made), FOLDS * len({arm for arm, *_ in made})) for made in curves.values())
        points = max(POINTS // max(lines, 1), 8)
        for i, (output, made) in enumerate(curves.items()):
            panel = axes(surface, 34 + (i % across) * wide, 16 + (i // across) * tall, wide - 40, tall - 38)
            panel.set_title(show.shorten(output, 56 // across), fontsize=SMALL, fontweight="bold", loc="left", pad=3)
            _curves(panel, made, budget, colours, points)
        surface.text(0.5, 2 / (down * tall + 4), budget.label, ha="center", fontsize=SMALL)
        return export(surface, slug, alternative)


def _curves(panel: Axes, made: list[Paid], budget: Budget, colours: Palette, points: int) -> None:
    """One panel: an arm's folds are one path with gaps."""
    finite = [
        float(loss) for _, fit, column, _ in made for loss in fit.validation_loss[:, column] if show.known(float(loss))
    ]
    lowest, top = min(finite, default=0.0), min(max([1.1, *finite]), HIGHEST)
    panel.set_ylim(0 if lowest < 0.5 else lowest - 0.02, max(top, lowest + 0.1))
    reference_line(panel, 1.0, horizontal=True)
    for arm in dict.fromkeys(arm for arm, *_ in made):
        across: list[float] = []
        down: list[float] = []
        for _, fit, column, spent in [one for one in made if one[0] == arm][:FOLDS]:
            losses = [float(loss) for loss in fit.validation_loss[:, column]]
            kept = sorted({*range(0, len(losses), max(len(losses) // points, 1)), len(losses) - 1})
            across.extend([*(spent * (epoch + 1) for epoch in kept), math.nan])
            down.extend(
                [*(losses[epoch] if losses[epoch] <= panel.get_ylim()[1] else math.nan for epoch in kept), math.nan]
            )
        panel.plot(across, down, color=colours.style(arm).colour, linewidth=0.9, alpha=0.8)
    panel.set_xlim(left=0)
    panel.xaxis.set_major_locator(MaxNLocator(3))
    panel.yaxis.set_major_locator(MaxNLocator(4))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: budget.tick(value)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.tick_params(labelsize=SMALL - 1, length=2, pad=1.5)
