"""``jointbench.compare_arms``: comparisons and verdicts from records, for those who want no folder and no report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jointbench.comparison.build import summarise
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Decision, Difference
from jointbench.comparison.summary.run import Across, CellSummary, DatasetSummary
from jointbench.errors import BadInput
from jointbench.records import Fit, FoldRecord, PlannedArm, Record
from jointbench.records.store import read_records


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Joint (the arm with the fewest networks) against one other arm, on one dataset, backend and device.

    decision: the verdict, weighing quality against cost, its reason, and what would settle it. differences: one for
    each output, joint - other in skill with interval, probabilities, verdict and p-values. ratios: measured costs,
    joint / other.
    """

    dataset: str
    backend: str
    device: str
    joint: str
    other: str
    decision: Decision
    differences: tuple[Difference, ...]
    ratios: tuple[Ratio, ...]


@dataclass(frozen=True)
class Comparisons:
    """Every comparison that the records hold, and joint against each other arm across datasets.

    rope: half the region of practical equivalence, in skill; probability: what a verdict needs.
    """

    rope: float
    probability: float
    comparisons: tuple[Comparison, ...]
    across: tuple[Across, ...]


def compare_arms(
    records: str | os.PathLike[str] | Iterable[Record], criteria: VerdictCriteria = DEFAULT_CRITERIA
) -> Comparisons:
    """See ``jointbench.compare_arms``."""
    if isinstance(records, str | os.PathLike):
        path = Path(records)
        all_records = list(read_records(path))
    else:
        all_records = list(records)
    datasets = described(all_records)
    if missing := {r.dataset for r in all_records if isinstance(r, PlannedArm)} - {d.slug for d in datasets}:
        raise BadInput(
            f"the records hold no folds of {min(missing)}, and skill is measured against a fold's no-skill error"
        )
    summary = summarise(all_records, datasets, profile="", engine="", command="", notes=(), criteria=criteria)
    comparisons = tuple(_comparison(cell, decision) for cell in summary.cells for decision in cell.decisions)
    return Comparisons(criteria.rope, criteria.probability, comparisons, summary.across)


def _comparison(cell: CellSummary, decision: Decision) -> Comparison:
    other = decision.other
    return Comparison(
        dataset=cell.dataset,
        backend=cell.backend,
        device=cell.device,
        joint=cell.joint,
        other=other,
        decision=decision,
        differences=tuple(difference for difference in cell.differences if difference.other == other),
        ratios=tuple(ratio for ratio in cell.ratios if ratio.other == other),
    )


def described(records: Sequence[Record]) -> list[DatasetSummary]:
    """The datasets as their records describe them: outputs with their kinds, folds, repeats, rows."""
    regressions = {
        (r.network.dataset, score.output)
        for r in records
        if isinstance(r, Fit)
        for score in r.scores
        if "rmse" in score.metrics
    }
    folds: dict[str, list[FoldRecord]] = {}
    for record in records:
        if isinstance(record, FoldRecord):
            folds.setdefault(record.dataset, []).append(record)
    return [
        DatasetSummary(
            slug=slug,
            title=slug,
            rows=sum(len(fold.test) for fold in members if fold.repeat == 0),
            features=0,
            outputs=members[0].outputs,
            kinds=tuple(
                "regression" if (slug, name) in regressions else "classification" for name in members[0].outputs
            ),
            folds=members[0].folds,
            repeats=1 + max(fold.repeat for fold in members),
            seeds=1,
            notes=(),
            source="",
            licence="",
            citation="",
            sha256="",
            references=(),
        )
        for slug, members in folds.items()
    ]
