"""One arm against another on a dataset: differences, costs and the decision between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jointbench.comparison.cells import BenchmarkCell, RunIndex, Skill, arm_skill, overlap_of, run_index
from jointbench.comparison.closing import open_verdict
from jointbench.comparison.costs import best_takes
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.decision import Verdict, judge
from jointbench.comparison.differences import believe, believe_folds, output_differences, paired
from jointbench.comparison.ratios import flops_ratio, paired_ratios, stated_ratios
from jointbench.comparison.reasons import signed
from jointbench.comparison.row_differences import TestedRows, arm_losses, differences_of, tested_rows
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Decision, Difference, OpenVerdict
from jointbench.comparison.summary.run import DatasetSummary
from jointbench.comparison.verdict_rule import output_verdict
from jointbench.networks.arms import compared
from jointbench.records import PlannedArm
from jointbench.stats.correlated_t_test import posterior
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.stats.row_level import StudentT
from jointbench.types import EXTERNAL, FloatArray, Partition


@dataclass(frozen=True, eq=False)
class CellEvidence:
    """What every comparison of a cell is made from. skill: by arm; rows: None where the records say nothing of single
    rows; losses: by arm, (outputs, rows, repeats, seeds), where the arm's predictions are in the records."""

    cell: BenchmarkCell
    index: RunIndex
    skill: Mapping[str, Skill]
    criteria: VerdictCriteria
    rows: TestedRows | None
    losses: Mapping[str, FloatArray]


def cell_evidence(cell: BenchmarkCell, criteria: VerdictCriteria) -> CellEvidence:
    """Everything about a cell that its comparisons share."""
    index = run_index(cell.folds, cell.fits.values())
    rows = tested_rows(cell.folds, index)
    skill = {planned.arm.name: arm_skill(cell, planned, index) for planned in cell.planned_arms}
    losses = {}
    for planned in cell.planned_arms if rows is not None else ():
        known = arm_losses(cell, planned, index, rows) if rows is not None else None
        if known is not None:
            losses[planned.arm.name] = known
    return CellEvidence(cell, index, skill, criteria, rows, losses)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """One arm against another. beliefs: about first - other in skill, by output, and about their mean; planned: pairs
    of fits; differences: by output; ratios: first / other."""

    first: PlannedArm
    other: PlannedArm
    beliefs: tuple[StudentT | None, ...]
    mean_belief: StudentT | None
    planned: int
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]
    verdict: Verdict

    @property
    def broken(self) -> bool:
        """Is it failures, or too few folds, that leave it open?"""
        return self.verdict.verdict == "open" and self.verdict.lean is None


def first_pair(cell: BenchmarkCell, criteria: VerdictCriteria) -> tuple[CellEvidence, Pair] | None:
    """Joint against the first other arm by what is there so far, which may lack timings; None without another arm."""
    joint, *others = compared(cell.planned_arms, lambda planned: planned.arm)
    if not others:
        return None
    evidence = cell_evidence(cell, criteria)
    return evidence, compare_pair(evidence, joint, others[0], cell_ratios(cell, joint, others))


def cell_ratios(cell: BenchmarkCell, first: PlannedArm, others: Sequence[PlannedArm]) -> tuple[Ratio, ...]:
    """Every measured cost of the first arm over each other one's."""
    name = first.arm.name
    flops = [ratio for other in others if (ratio := flops_ratio(cell, first, other)) is not None]
    timed = [ratio for timing in best_takes(cell.timings) for ratio in paired_ratios(timing, name)]
    return (*flops, *timed, *stated_ratios(cell, name))


def compare_pair(evidence: CellEvidence, first: PlannedArm, other: PlannedArm, ratios: Sequence[Ratio]) -> Pair:
    """The first arm against the other. ratios: of the first arm; those over arms other than ``other`` are ignored.

    What decides is what people run: the stock loop, and networks called one after the other, at the first thread count.
    """
    index, criteria = evidence.index, evidence.criteria
    first_skill, other_skill = evidence.skill[first.arm.name], evidence.skill[other.arm.name]
    skill_differences = paired(first_skill, other_skill)
    planned = min(first_skill.planned, other_skill.planned)  # rounds may have gone on with one arm only
    judged = [planned - int(folds) * index.shape[2] for folds in index.unjudged]
    beliefs, mean_belief = _beliefs(evidence, first, other, skill_differences)
    differences = output_differences(
        skill_differences, beliefs, judged, index.outputs, other.arm.name, criteria=criteria
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
        beliefs=beliefs,
        mean_belief=mean_belief,
        planned=planned,
        differences=differences,
        ratios=deciding,
        verdict=judge(
            differences,
            deciding,
            criteria,
            planned=planned,
            untrained=_untrained(evidence.cell, first, other),
            cause="one best epoch for all outputs" if served_apart(first, other) else "sharing",
        ),
    )


def _beliefs(
    evidence: CellEvidence, first: PlannedArm, other: PlannedArm, skill_differences: FloatArray
) -> tuple[tuple[StudentT | None, ...], StudentT | None]:
    """By output, and of the mean over outputs. From single rows where the records have them, else from folds."""
    own, others = (evidence.losses.get(arm.arm.name) for arm in (first, other))
    if evidence.rows is None or own is None or others is None:
        folds, overlap = evidence.index.folds, overlap_of(evidence.cell.folds)
        by_fold = tuple(believe_folds(values, folds, overlap) for values in skill_differences)
        return by_fold, believe_folds(skill_differences.mean(axis=0), folds, overlap)
    rows = evidence.rows
    by_output = tuple(believe(differences_of(a, b, rows, i)) for i, (a, b) in enumerate(zip(own, others, strict=True)))
    return by_output, believe(differences_of(own.mean(axis=0), others.mean(axis=0), rows))


def _untrained(cell: BenchmarkCell, first: PlannedArm, other: PlannedArm) -> int:
    """Pairs of fits of which one has no record, not even of a failure. A run that was cut off may have planned more runs
    of one arm; the first ones are the same."""
    pairs = zip(first.runs, other.runs, strict=False)
    return sum(any(network_id not in cell.fits for network_id in (*run, *its_other)) for run, its_other in pairs)


def decision(pair: Pair, evidence: CellEvidence, dataset: DatasetSummary) -> Decision:
    """The decision on a dataset, with the partition between and what would close it, where these apply."""
    index, criteria = evidence.index, evidence.criteria
    verdict, reason = pair.verdict, pair.verdict.reason
    losing_output = verdict.losing_output
    of_mean = criteria.of_mean(index.outputs)
    belief = pair.mean_belief
    mean = posterior(belief.mean, belief.scale, belief.df, of_mean.rope) if belief else None
    known = [d for d in pair.differences if not math.isnan(d.difference.value)]
    worst = min(known, key=lambda d: d.difference.value, default=None)
    between = _between(pair, evidence) if losing_output else None
    if between is not None:
        benefit = between.verdict.reason.rstrip(".")
        reason += f" Between the two, {between.first.arm.name} against {pair.other.arm.name}: {benefit}."
    elif losing_output is not None:
        reason += _served_apart_text(pair, evidence, losing_output.output)
    saves = any(ratio.ratio.value < 1 for ratio in pair.ratios)  # more training narrows the intervals of costs too
    return Decision(
        other=pair.other.arm.name,
        verdict=verdict.verdict,
        reason=reason,
        mean_difference=Estimate(mean.mean, mean.low, mean.high) if mean else UNKNOWN,
        worst_output=worst.output if worst else "",
        worst_difference=worst.difference.value if worst else math.nan,
        mean_verdict=output_verdict(mean, of_mean) if mean else "open",
        paying_output=losing_output.output if losing_output else None,
        paid=losing_output.difference if losing_output else None,
        between=between.first.arm.name if between else None,
        failures=max(d.pairs_lost for d in pair.differences) / max(pair.planned, 1),
        open=_open(pair, evidence, dataset, saves=saves) if verdict.verdict == "open" else None,
    )


def _open(pair: Pair, evidence: CellEvidence, dataset: DatasetSummary, *, saves: bool) -> OpenVerdict:
    lean, beliefs = pair.verdict.lean, [belief for belief in pair.beliefs if belief is not None]
    if lean is None or len(beliefs) < len(pair.beliefs):
        return OpenVerdict()
    trainable = pair.first.engine != EXTERNAL  # rounds train networks only
    return open_verdict(lean, beliefs, dataset, evidence.criteria, saves=saves, trainable=trainable)


def _between(pair: Pair, evidence: CellEvidence) -> Pair | None:
    """The arm between the two, a partition or joint with a best epoch of each output, that would be recommended in joint's
    place: no output loses, and it saves.

    Of several the one with the fewest networks, then the cheapest per row.
    """
    recommended = []
    for arm in evidence.cell.planned_arms:
        if (arm is not pair.other and served_apart(pair.first, arm)) or (
            finer(pair.first, arm) and finer(arm, pair.other)
        ):
            ratios = cell_ratios(evidence.cell, arm, [pair.other])
            candidate = compare_pair(evidence, arm, pair.other, ratios)
            if candidate.verdict.verdict == "joint":
                recommended.append(candidate)
    return min(recommended, key=lambda p: (len(p.first.arm.groups), p.first.train_flops_per_row), default=None)


def _served_apart_text(pair: Pair, evidence: CellEvidence, output: str) -> str:
    """What the losing output comes to where it has a best epoch of its own; "" without such an arm."""
    apart = next((arm for arm in evidence.cell.planned_arms if served_apart(pair.first, arm)), None)
    if apart is None or apart is pair.other:
        return ""
    differences = compare_pair(evidence, apart, pair.other, ()).differences
    found = next(d.difference for d in differences if d.output == output)
    if math.isnan(found.value):
        return ""
    return (
        f" Served from its own best epoch ({apart.arm.name}), {output} is {signed(found.value)} skill against "
        f"{pair.other.arm.name} ({signed(found.low)} to {signed(found.high)})."
    )


def served_apart(one: PlannedArm, other: PlannedArm) -> bool:
    """Are these the same groups, trained alike, of which the second arm serves each output from its own best epoch?"""
    same = (one.arm.groups, one.arm.weighting) == (other.arm.groups, other.arm.weighting)
    return same and (one.arm.checkpoint, other.arm.checkpoint) == ("network", "output")


def finer(coarse: PlannedArm, fine: PlannedArm) -> bool:
    """Does the second arm divide the first one's groups further, and differ from it, in every run?"""
    return all(_divides(a, b) for a in coarse.every_partition for b in fine.every_partition)


def _divides(coarse: Partition, fine: Partition) -> bool:
    groups = [set(group) for group in coarse]
    inside = all(any(set(group) <= whole for whole in groups) for group in fine)
    return inside and len(fine) > len(coarse)
