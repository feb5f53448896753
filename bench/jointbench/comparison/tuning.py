"""Does joint win, or lose, only untuned? The comparison at every budget of tuning, from the same trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.deciding import deciding_difference
from jointbench.comparison.pair import cell_evidence, compare_pair
from jointbench.comparison.ratios import flops_ratio
from jointbench.comparison.reasons import signed
from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.summary.tuning import ChosenConfiguration, Tuning, TuningCost, TuningStep
from jointbench.comparison.trial_costs import total_flops, trial_cost
from jointbench.comparison.tuned import choices, tuned_arm, validation_loss
from jointbench.networks.arms import compared
from jointbench.records import Fit, PlannedArm, TunedArm


def tuning_of(cell: BenchmarkCell, criteria: VerdictCriteria) -> Tuning | None:
    """None where nothing was tuned, or there is no other arm."""
    by_name = {tuned.arm: tuned for tuned in cell.tuned}
    joint, *others = compared(cell.planned_arms, lambda planned: planned.arm)
    if not others or joint.arm.name not in by_name or others[0].arm.name not in by_name:
        return None
    first, other = by_name[joint.arm.name], by_name[others[0].arm.name]
    trials = len(first.trials)
    budgets = [2**power for power in range(trials.bit_length()) if 2**power < trials] + [trials]
    paid = {n: _paid(other, cell.fits, _flops(first, cell.fits, n)) for n in budgets}

    def step(count: int, other_count: int) -> TuningStep:
        pair = (tuned_arm(joint, first, cell.fits, count), tuned_arm(others[0], other, cell.fits, other_count))
        return _step(cell, pair, (first, other), (count, other_count), criteria)

    return Tuning(
        trials=trials,
        other=other.arm,
        by_trials=tuple(step(n, n) for n in budgets),
        by_flops=tuple(step(n, paid[n]) for n in budgets),
        costs=tuple(_cost(cell, tuned) for tuned in cell.tuned),
        chosen=tuple(chosen for tuned in cell.tuned for chosen in _chosen(cell, tuned)),
    )


def with_sentence(cell: CellSummary) -> CellSummary:
    """The cell whose first decision says how the difference went with the tuning."""
    if cell.tuning is None:
        return cell
    decision, *others = cell.decisions
    deciding = deciding_difference(cell, decision)
    if deciding is None:
        return cell
    reason = f"{decision.reason} {_sentence(cell.tuning, deciding.output)}"
    return replace(cell, decisions=(replace(decision, reason=reason), *others))


def _sentence(tuning: Tuning, output: str) -> str:
    steps = (tuning.by_trials[0], tuning.by_trials[-1])
    untuned, tuned = (
        next(signed(d.difference.value) for d in step.differences if d.output == output) for step in steps
    )
    verdict = f" ({steps[0].verdict} then)" if steps[0].verdict != steps[1].verdict else ""
    return f"Untuned, {output} differs by {untuned}{verdict}; with {tuning.trials} configurations of each network by {tuned}."


def _step(
    cell: BenchmarkCell,
    pair: tuple[PlannedArm, PlannedArm],
    tuned: tuple[TunedArm, TunedArm],
    counts: tuple[int, int],
    criteria: VerdictCriteria,
) -> TuningStep:
    at = replace(cell, planned_arms=pair, timings=(), stated=())
    ratio = flops_ratio(at, *pair)
    compared_pair = compare_pair(cell_evidence(at, criteria), *pair, () if ratio is None else (ratio,))
    flops = [_flops(arm, cell.fits, count) for arm, count in zip(tuned, counts, strict=True)]
    return TuningStep(
        trials=counts[0],
        other_trials=counts[1],
        train_flops=flops[0],
        other_train_flops=flops[1],
        verdict=compared_pair.verdict.verdict,
        differences=compared_pair.differences,
    )


def _ids(tuned: TunedArm, trials: int) -> set[str]:
    return {network for trial in tuned.trials[:trials] for of_group in trial for network in of_group.network_ids}


def _flops(tuned: TunedArm, fits: Mapping[str, Fit], trials: int) -> int:
    return total_flops(_ids(tuned, trials), fits)


def _paid(tuned: TunedArm, fits: Mapping[str, Fit], flops: int) -> int:
    """How many configurations of each network these FLOPs pay for; the first is always there."""
    counts = range(1, len(tuned.trials) + 1)
    return max((count for count in counts if _flops(tuned, fits, count) <= flops), default=1)


def _cost(cell: BenchmarkCell, tuned: TunedArm) -> TuningCost:
    count = len(tuned.trials)
    served = {tuned.trials[c.trial][c.group].network_ids[c.run] for c in choices(tuned, cell.fits, count)}
    return trial_cost(cell, tuned.arm, _ids(tuned, count), served)


def _chosen(cell: BenchmarkCell, tuned: TunedArm) -> list[ChosenConfiguration]:
    results = []
    for choice in choices(tuned, cell.fits, len(tuned.trials)):
        of_group = tuned.trials[choice.trial][choice.group]
        fit = cell.fits.get(of_group.network_ids[choice.run])
        if fit is None:
            continue
        network, recipe = fit.network, fit.network.recipe
        results.append(
            ChosenConfiguration(
                arm=tuned.arm,
                group=network.group,
                repeat=network.repeat,
                fold=network.fold,
                trial=choice.trial + 1,
                shape=network.shape,
                learning_rate=recipe.learning_rate,
                batch_size=recipe.batch_size,
                weight_decay=recipe.weight_decay,
                loss_weights=recipe.loss_weights,
                loss=choice.loss,
                first_loss=validation_loss(cell.fits.get(tuned.trials[0][choice.group].network_ids[choice.run])),
            )
        )
    return results
