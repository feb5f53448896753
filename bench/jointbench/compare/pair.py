"""One arm against another on a dataset: differences, costs and the decision between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jointbench.compare.advice import advise
from jointbench.compare.cells import BenchmarkCell, RunIndex, Skill
from jointbench.compare.costs import best_takes, flops_ratio, paired_ratios
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.decision import Verdict, judge
from jointbench.compare.differences import believe, output_differences, paired
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.decisions import Decision, Difference
from jointbench.compare.summary.run import DatasetSummary
from jointbench.compare.verdict import output_verdict
from jointbench.records import SEQUENTIAL, PlannedArm
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.types import FloatArray

USUAL_PATHS = (None, "stock loop", SEQUENTIAL)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """Differences are first - other in skill, by output and run; ratios are first / other."""

    first: PlannedArm
    other: PlannedArm
    array: FloatArray
    planned: int
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]
    judgement: Verdict


def cell_ratios(cell: BenchmarkCell, first: PlannedArm, others: Sequence[PlannedArm]) -> tuple[Ratio, ...]:
    """Every measured cost of the first arm over each other one's."""
    name = first.arm.name
    flops = [ratio for other in others if (ratio := flops_ratio(cell, first, other)) is not None]
    timed = [ratio for timing in best_takes(cell.timings) for ratio in paired_ratios(timing, name)]
    return (*flops, *timed)


def compare_pair(
    cell: BenchmarkCell,
    first: PlannedArm,
    other: PlannedArm,
    ratios: Sequence[Ratio],
    skill: Mapping[str, Skill],
    places: RunIndex,
    criteria: VerdictCriteria,
) -> Pair:
    """The first arm against the other. ratios: of the first arm; those over other arms are passed by.

    What decides is what people run: the stock loop, and networks called one after the other, at the first thread count.
    """
    one, two = skill[first.arm.name], skill[other.arm.name]
    array, planned = paired(one, two), max(one.planned, two.planned)
    differences = output_differences(
        array,
        planned,
        places.outputs,
        other.arm.name,
        places.folds,
        rope=criteria.rope,
        probability=criteria.probability,
    )
    threads = next((ratio.threads for ratio in ratios if ratio.threads is not None), None)
    mine = tuple(
        ratio
        for ratio in ratios
        if ratio.other == other.arm.name and ratio.path in USUAL_PATHS and ratio.threads in (None, threads)
    )
    verdict = judge(differences, mine, rope=criteria.rope, probability=criteria.probability, planned=planned)
    return Pair(
        first=first, other=other, array=array, planned=planned, differences=differences, ratios=mine, judgement=verdict
    )


def decision(
    pair: Pair,
    cell: BenchmarkCell,
    skill: Mapping[str, Skill],
    places: RunIndex,
    about: DatasetSummary,
    criteria: VerdictCriteria,
) -> Decision:
    """The decision on a dataset, with the partition between and what would settle it, where these apply."""
    judged, reason = pair.judgement, pair.judgement.reason
    mean = believe(pair.array.mean(axis=0), places.folds, criteria.rope)
    known = [d for d in pair.differences if not math.isnan(d.difference.value)]
    worst = min(known, key=lambda d: d.difference.value, default=None)
    between = _between(pair, cell, skill, places, criteria) if judged.losing_output else None
    if between is not None:
        kept = between.judgement.reason.rstrip(".")
        reason += f" Between the two, {between.first.arm.name} against {pair.other.arm.name}: {kept}."
    saves = any(ratio.measured_difference and ratio.ratio.value < 1 for ratio in pair.ratios)
    settle = (
        advise(pair.array, places.outputs, about, rope=criteria.rope, probability=criteria.probability, saves=saves)
        if judged.open
        else None
    )
    return Decision(
        other=pair.other.arm.name,
        verdict=judged.verdict,
        reason=reason,
        mean_difference=Estimate(mean.mean, mean.low, mean.high) if mean else UNKNOWN,
        worst_output=worst.output if worst else "",
        worst_difference=worst.difference.value if worst else math.nan,
        mean_verdict=output_verdict(mean, probability=criteria.probability) if mean else "inconclusive",
        paying_output=judged.losing_output.output if judged.losing_output else None,
        paid=judged.losing_output.difference if judged.losing_output else None,
        between=between.first.arm.name if between else None,
        failures=max(d.pairs_lost for d in pair.differences) / max(pair.planned, 1),
        settle=settle,
    )


def _between(
    pair: Pair, cell: BenchmarkCell, skill: Mapping[str, Skill], places: RunIndex, criteria: VerdictCriteria
) -> Pair | None:
    """The partition between the two arms that would be recommended in joint's place: no output loses, and it saves.

    Of several the one with the fewest networks, then the cheapest per row.
    """
    found = []
    for arm in cell.planned_arms:
        if finer(pair.first, arm) and finer(arm, pair.other):
            ratios = cell_ratios(cell, arm, [pair.other])
            against = compare_pair(cell, arm, pair.other, ratios, skill, places, criteria)
            if against.judgement.verdict == "joint":
                found.append(against)
    return min(found, key=lambda p: (len(p.first.arm.groups), p.first.train_flops_per_row), default=None)


def finer(coarse: PlannedArm, fine: PlannedArm) -> bool:
    """Does the second arm divide the first one's groups further, and differ from it?"""
    groups = [set(group) for group in coarse.arm.groups]
    inside = all(any(set(group) <= whole for whole in groups) for group in fine.arm.groups)
    return inside and len(fine.arm.groups) > len(coarse.arm.groups)
