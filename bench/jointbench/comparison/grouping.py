"""What a search for the best partition came to: who helps whom, what is best under each budget, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.pair import CellEvidence, cell_evidence, compare_pair
from jointbench.comparison.pair_screen import known_means, pair_screen
from jointbench.comparison.searched import BUDGETS, Search, best_partition, runs_of, searched_arm
from jointbench.comparison.summary.grouping import ChosenPartition, Grouping, GroupingBudget, GroupingDifference
from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.trial_costs import trial_cost
from jointbench.networks.partitions import EXHAUSTIVE, affinities
from jointbench.records import PlannedArm, SearchedArm
from jointbench.stats.correlated_t_test import interval_half_width
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.types import Partition


def grouping_of(cell: BenchmarkCell, criteria: VerdictCriteria) -> Grouping | None:
    """None where no arm is searched."""
    planned = {arm.arm.name: arm for arm in cell.planned_arms}
    if not cell.searched:
        return None
    searched = cell.searched[0]
    searches = runs_of(searched, cell.fits)
    every = {name for candidate in searched.candidates for name in candidate.network_ids if name}
    arm = planned[searched.arm]
    screen = pair_screen(searched)
    cost = trial_cost(cell, searched.arm, every, set(arm.network_ids))
    if screen is not None:
        cost = replace(cost, train_flops=cost.train_flops + screen.train_flops, seconds=cost.seconds + screen.seconds)
    return Grouping(
        arm=searched.arm,
        outputs=searches[0].outputs,
        runs=len(searches),
        partitions=max(len(search.proposed) for search in searches),
        groups=len(searched.candidates),
        exhaustive=len(searches[0].outputs) <= EXHAUSTIVE,
        affinity=_affinity(searches),
        budgets=_budgets(cell, arm, searched, criteria),
        cost=cost,
        best=best_partition(searched, cell.fits),
        failed=sum(cell.fits[name].failure is not None for name in every if name in cell.fits),
        screen=screen,
    )


def _affinity(searches: Sequence[Search]) -> tuple[tuple[float | None, ...], ...]:
    with np.errstate(invalid="ignore"):
        return known_means([affinities(search.pairs) for search in searches])


def _budgets(
    cell: BenchmarkCell, arm: PlannedArm, searched: SearchedArm, criteria: VerdictCriteria
) -> tuple[GroupingBudget, ...]:
    limits = (*BUDGETS, math.inf)
    named = [replace(arm, arm=replace(arm.arm, name=f"{arm.arm.name} {times:g}")) for times in limits]
    within = [searched_arm(planned, searched, cell.fits, times) for planned, times in zip(named, limits, strict=True)]
    others = [planned for planned in cell.planned_arms if not planned.arm.search]
    evidence = cell_evidence(replace(cell, planned_arms=(*within, *others), timings=()), criteria)
    return tuple(
        _budget(evidence, times, planned, others, runs_of(searched, cell.fits))
        for times, planned in zip(limits, within, strict=True)
    )


def _budget(
    evidence: CellEvidence, times: float, planned: PlannedArm, others: Sequence[PlannedArm], searches: Sequence[Search]
) -> GroupingBudget:
    by_partition: dict[Partition, list[Search]] = {}
    parameters, flops = [], []
    for search, partition in zip(searches, planned.partitions, strict=True):
        by_partition.setdefault(partition, []).append(search)
        members = [candidate for candidate in search.searched.candidates if candidate.group in partition]
        parameters.append(sum(c.parameters for c in members) / search.whole.parameters)
        flops.append(sum(c.inference_flops_per_row for c in members) / max(search.whole.inference_flops_per_row, 1))
    chosen = [
        ChosenPartition(
            partition=partition,
            runs=tuple(place for search in its_searches if (place := search.place) is not None),
            loss=float(np.mean([search.loss(partition) for search in its_searches])),
        )
        for partition, its_searches in by_partition.items()
    ]
    return GroupingBudget(
        times=None if times == math.inf else times,
        chosen=tuple(sorted(chosen, key=lambda item: -len(item.runs))),
        parameters=float(np.mean(parameters)),
        request_flops=float(np.mean(flops)),
        differences=tuple(_difference(evidence, planned, other) for other in others),
    )


def _difference(evidence: CellEvidence, planned: PlannedArm, other: PlannedArm) -> GroupingDifference:
    name = other.arm.name
    if set(planned.network_ids) == set(other.network_ids):
        return GroupingDifference(other=name, mean=Estimate(0.0, 0.0, 0.0))
    belief = compare_pair(evidence, planned, other, ()).mean_belief
    if belief is None:
        return GroupingDifference(other=name, mean=UNKNOWN)
    half = float(interval_half_width(belief.scale, belief.df))
    return GroupingDifference(other=name, mean=Estimate(belief.mean, belief.mean - half, belief.mean + half))


def with_partition(cell: CellSummary) -> CellSummary:
    """The cell whose decision about the searched arm says what the search chose."""
    if (grouping := cell.grouping) is None:
        return cell
    sentence = f"{grouping.arm} {_chosen(grouping)}{_alone(grouping)}; over all runs together "
    sentence += f"{partition_text(grouping.best)} is best."
    return replace(
        cell,
        decisions=tuple(
            replace(decision, reason=f"{decision.reason} {sentence}") if decision.other == grouping.arm else decision
            for decision in cell.decisions
        ),
    )


def _chosen(grouping: Grouping) -> str:
    """What most runs chose, or that they do not agree."""
    chosen, *others = grouping.budgets[-1].chosen
    if others and len(chosen.runs) == 1:
        return f"is another partition in each of {grouping.runs} runs"
    more = f", {len(others)} other{'s' if len(others) > 1 else ''} in the rest" if others else ""
    return f"is {partition_text(chosen.partition)} in {len(chosen.runs)} of {grouping.runs} runs{more}"


def _alone(grouping: Grouping) -> str:
    """Which outputs have a network of their own in most runs, where not all have."""
    counts = {
        output: sum(len(item.runs) for item in grouping.budgets[-1].chosen if (output,) in item.partition)
        for output in grouping.outputs
    }
    often = [f"{output} in {count}" for output, count in counts.items() if 2 * count > grouping.runs]
    return f"; alone stands {', '.join(often)}" if 0 < len(often) < len(counts) else ""


def partition_text(partition: Partition) -> str:
    """As ``--arm`` takes it."""
    return "|".join(",".join(group) for group in partition)
