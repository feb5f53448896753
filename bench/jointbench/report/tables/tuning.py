"""The tables of tuning: the comparison at each budget, what was chosen, and what tuning cost beside training."""

from __future__ import annotations

from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.tuning import ChosenConfiguration, Tuning, TuningStep
from jointbench.report import format as show
from jointbench.report.tables.quality import SIGN, cell_name
from jointbench.report.tables.table import Cell, Table, columns, interval, name, number


def budget_table(cell: CellSummary, tuning: Tuning) -> Table:
    """A line for each budget under each accounting, with every output's difference."""
    accounts = (("as many configurations", tuning.by_trials), ("as many FLOPs", tuning.by_flops))
    outputs = [difference.output for difference in tuning.by_trials[0].differences]
    return Table(
        f"Joint − {show.plain(tuning.other)} in skill by the budget of tuning in {cell_name(cell)}: {SIGN}. As many "
        f"FLOPs: {show.plain(tuning.other)} with as many configurations as joint's training FLOPs pay for. Verdicts here "
        "count training FLOPs as the only cost.",
        columns(
            ("Accounting", "Verdict"),
            (
                "Configurations of joint",
                "Of the other",
                "FLOPs of joint",
                "Of the other's",
                *(show.shorten(output, 30) for output in outputs),
            ),
        ),
        tuple(_step(account, step) for account, steps in accounts for step in steps),
        heads=1,
    )


def _step(account: str, step: TuningStep) -> tuple[Cell, ...]:
    return (
        Cell(account),
        Cell(step.verdict, tone=step.verdict),
        number(step.trials, show.count),
        number(step.other_trials, show.count),
        number(step.train_flops, show.flops),
        number(step.other_train_flops, show.flops),
        *(interval(difference.difference, show.difference) for difference in step.differences),
    )


def tuning_cost_table(cell: CellSummary, tuning: Tuning) -> Table:
    """What all configurations of an arm took, beside what the chosen ones took."""
    return Table(
        f"What tuning cost in {cell_name(cell)}: all {tuning.trials:,} configurations of each network, in every fold.",
        columns(
            ("Arm",),
            (
                ("Training FLOPs", "of all configurations"),
                ("Of the chosen", "the training FLOPs of the fits that are served, alone"),
                ("Times", "all over chosen"),
                ("Seconds", "of all configurations, on one worker"),
            ),
        ),
        tuple(
            (
                name(cost.arm),
                number(cost.train_flops, show.flops),
                number(cost.chosen_train_flops, show.flops),
                number(cost.train_flops / cost.chosen_train_flops if cost.chosen_train_flops else None, show.times),
                number(cost.seconds, show.seconds),
            )
            for cost in tuning.costs
        ),
    )


def chosen_table(cell: CellSummary, tuning: Tuning) -> Table:
    """A line for each network of each fold: the configuration that it is served in."""
    dropout = any(chosen.shape.dropout for chosen in tuning.chosen)
    return Table(
        f"The configurations chosen in {cell_name(cell)}, by the loss on validation rows (1 is no skill); number 1 is the "
        "rules' own.",
        columns(
            ("Arm", "Outputs", "Trunk", "Loss weights"),
            (
                "Repeat",
                "Fold",
                "Number",
                "Learning rate",
                "Batch",
                "Weight decay",
                *(["Dropout"] if dropout else []),
                ("Loss", "on validation rows"),
                ("Of number 1", "the same loss"),
            ),
        ),
        tuple(_choice(chosen, dropout=dropout) for chosen in tuning.chosen),
        heads=2,
    )


def _choice(chosen: ChosenConfiguration, *, dropout: bool) -> tuple[Cell, ...]:
    weights = ", ".join(f"{show.shorten(output, 20)} {weight:g}" for output, weight in chosen.loss_weights)
    return (
        name(chosen.arm),
        Cell(", ".join(show.shorten(output, 20) for output in chosen.group)),
        Cell("-".join(str(width) for width in (*chosen.shape.channels, *chosen.shape.trunk))),
        Cell(weights or "equal"),
        number(chosen.repeat + 1, show.count),
        number(chosen.fold + 1, show.count),
        number(chosen.trial, show.count),
        number(chosen.learning_rate, show.significant),
        number(chosen.batch_size, show.count),
        number(chosen.weight_decay, show.significant),
        *([number(chosen.shape.dropout, show.significant)] if dropout else []),
        number(chosen.loss, show.significant),
        number(chosen.first_loss, show.significant),
    )
