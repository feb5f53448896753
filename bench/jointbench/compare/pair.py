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
from jointbench.compare.verdict_rule import output_verdict
from jointbench.records import PlannedArm
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.types import FloatArray


@dataclass(frozen=True, eq=False)
class CellEvidence:
    """What every comparison of a cell is made from. skill: by arm."""

    cell: BenchmarkCell
    index: RunIndex
    skill: Mapping[str, Skill]
    criteria: VerdictCriteria


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """One arm against another. skill_differences: first - other, (outputs, repeats, folds, seeds); planned: pairs of
    fits; differences: by output, from these; ratios: first / other."""

    first: PlannedArm
    other: PlannedArm
    skill_differences: FloatArray
    planned: int
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]
    verdict: Verdict


def cell_ratios(cell: BenchmarkCell, first: PlannedArm, others: Sequence[PlannedArm]) -> tuple[Ratio, ...]:
    """Every measured cost of the first arm over each other one's."""
    name = first.arm.name
    flops = [ratio for other in others if (ratio := flops_ratio(cell, first, other)) is not None]
    timed = [ratio for timing in best_takes(cell.timings) for ratio in paired_ratios(timing, name)]
    return (*flops, *timed)


def compare_pair(evidence: CellEvidence, first: PlannedArm, other: PlannedArm, ratios: Sequence[Ratio]) -> Pair:
    """The first arm against the other. ratios: of the first arm; those over arms other than ``other`` are ignored.

    What decides is what people run: the stock loop, and networks called one after the other, at the first thread count.
    """
    index, criteria = evidence.index, evidence.criteria
    first_skill, other_skill = evidence.skill[first.arm.name], evidence.skill[other.arm.name]
    skill_differences = paired(first_skill, other_skill)
    planned = max(first_skill.planned, other_skill.planned)
    judged = [planned - int(folds) * index.shape[2] for folds in index.unjudged]
    differences = output_differences(
        skill_differences, judged, index.outputs, other.arm.name, index.folds, criteria=criteria
    )
    threads = next((ratio.threads for ratio in ratios if ratio.threads is not None), None)
    deciding = tuple(
        ratio
        for ratio in ratios
        if ratio.other == other.arm.name and ratio.quantity.usual and ratio.threads in (None, threads)
    )
    return Pair(
        first=first,
        other=other,
        skill_differences=skill_differences,
        planned=planned,
        differences=differences,
        ratios=deciding,
        verdict=judge(
            differences, deciding, criteria, planned=planned, untrained=_untrained(evidence.cell, first, other)
        ),
    )


def _untrained(cell: BenchmarkCell, first: PlannedArm, other: PlannedArm) -> int:
    """Pairs of fits of which one has no record, not even of a failure."""
    pairs = zip(first.runs, other.runs, strict=True)
    return sum(any(network_id not in cell.fits for network_id in (*run, *its_other)) for run, its_other in pairs)


def decision(pair: Pair, evidence: CellEvidence, dataset: DatasetSummary) -> Decision:
    """The decision on a dataset, with the partition between and what would settle it, where these apply."""
    index, criteria = evidence.index, evidence.criteria
    verdict, reason = pair.verdict, pair.verdict.reason
    losing_output = verdict.losing_output
    mean = believe(pair.skill_differences.mean(axis=0), index.folds, criteria)
    known = [d for d in pair.differences if not math.isnan(d.difference.value)]
    worst = min(known, key=lambda d: d.difference.value, default=None)
    between = _between(pair, evidence) if losing_output else None
    if between is not None:
        benefit = between.verdict.reason.rstrip(".")
        reason += f" Between the two, {between.first.arm.name} against {pair.other.arm.name}: {benefit}."
    saves = any(ratio.measured_difference and ratio.ratio.value < 1 for ratio in pair.ratios)
    advice = advise(pair.skill_differences, index.outputs, dataset, criteria, saves=saves) if verdict.open else None
    return Decision(
        other=pair.other.arm.name,
        verdict=verdict.verdict,
        reason=reason,
        mean_difference=Estimate(mean.mean, mean.low, mean.high) if mean else UNKNOWN,
        worst_output=worst.output if worst else "",
        worst_difference=worst.difference.value if worst else math.nan,
        mean_verdict=output_verdict(mean, criteria) if mean else "inconclusive",
        paying_output=losing_output.output if losing_output else None,
        paid=losing_output.difference if losing_output else None,
        between=between.first.arm.name if between else None,
        failures=max(d.pairs_lost for d in pair.differences) / max(pair.planned, 1),
        settle=advice,
    )


def _between(pair: Pair, evidence: CellEvidence) -> Pair | None:
    """The partition between the two arms that would be recommended in joint's place: no output loses, and it saves.

    Of several the one with the fewest networks, then the cheapest per row.
    """
    recommended = []
    for arm in evidence.cell.planned_arms:
        if finer(pair.first, arm) and finer(arm, pair.other):
            ratios = cell_ratios(evidence.cell, arm, [pair.other])
            candidate = compare_pair(evidence, arm, pair.other, ratios)
            if candidate.verdict.verdict == "joint":
                recommended.append(candidate)
    return min(recommended, key=lambda p: (len(p.first.arm.groups), p.first.train_flops_per_row), default=None)


def finer(coarse: PlannedArm, fine: PlannedArm) -> bool:
    """Does the second arm divide the first one's groups further, and differ from it?"""
    groups = [set(group) for group in coarse.arm.groups]
    inside = all(any(set(group) <= whole for whole in groups) for group in fine.arm.groups)
    return inside and len(fine.arm.groups) > len(coarse.arm.groups)
