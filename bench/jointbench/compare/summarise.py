"""From a run's records to its summary: every comparison made, every decision taken, nothing formatted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from jointbench.compare.correlated import ROPE, correlated_t_test
from jointbench.compare.costs import arm_cost, best_takes, flops_ratio, paired_ratios, projection_check
from jointbench.compare.decide import decide, difference
from jointbench.compare.evidence import Cell, arm_skill, cells, reference_skill
from jointbench.compare.explained import arm_flops, explained
from jointbench.compare.occupied import arm_memory
from jointbench.compare.summary import (
    CellSummary,
    DatasetSummary,
    Decision,
    Difference,
    Estimate,
    Quality,
    Ratio,
    Summary,
)
from jointbench.types import SCHEMA_VERSION, Assembly, Dataset, Fit, Record, Reference, Score


def summarise(
    records: Iterable[Record],
    datasets: Sequence[DatasetSummary],
    *,
    profile: str,
    engine: str,
    command: str,
    notes: Sequence[str],
    rope: float = ROPE,
) -> Summary:
    """The summary of a run. ``datasets`` says what each dataset is; the rest is computed from the records."""
    made, references = cells(records)
    about = {dataset.slug: dataset for dataset in datasets}
    summaries = tuple(summarise_cell(cell, about[cell.dataset], rope) for cell in made)
    return Summary(
        SCHEMA_VERSION, profile, engine, command, headline(summaries),
        tuple(with_references(dataset, references, made) for dataset in datasets), summaries, tuple(notes),
    )


def describe(dataset: Dataset, folds: int, repeats: int, seeds: int) -> DatasetSummary:
    """What a dataset is, as it was used."""
    return DatasetSummary(
        dataset.slug, dataset.title, dataset.rows, int(np.prod(dataset.features.shape[1:])),
        tuple(output.name for output in dataset.outputs), tuple(output.kind for output in dataset.outputs),
        folds, repeats, seeds, dataset.notes, dataset.provenance.source, dataset.provenance.licence,
        dataset.provenance.citation, dataset.provenance.sha256, (),
    )


def with_references(dataset: DatasetSummary, references: Sequence[Reference], made: Sequence[Cell]) -> DatasetSummary:
    """The description with the reference models' quality filled in."""
    mine = [r for r in references if r.dataset == dataset.slug]
    folds = next((cell.folds for cell in made if cell.dataset == dataset.slug), ())
    if not mine or not folds:
        return dataset
    skill = reference_skill(mine, folds)
    kinds = dict(zip(dataset.outputs, dataset.kinds, strict=True))
    quality = []
    for model, output in list(skill):
        scores = [r.score for r in mine if (r.model, r.output) == (model, output) and r.score is not None]
        quality.append(_quality(output, kinds[output], model, skill[model, output], scores))
    return DatasetSummary(**{**dataset.__dict__, "references": tuple(quality)})


def summarise_cell(cell: Cell, about: DatasetSummary, rope: float) -> CellSummary:
    """Quality, costs, comparisons and decisions of one dataset on one backend and device."""
    absences = tuple(absence.reason for absence in cell.absences)
    if not cell.assemblies:
        return CellSummary(
            cell.dataset, cell.backend, cell.device, "", None, None, None, (), (), (), (), (), absences
        )
    joint = min(cell.assemblies, key=lambda assembly: len(assembly.arm.groups))
    others = [assembly for assembly in cell.assemblies if assembly is not joint]
    kinds = dict(zip(about.outputs, about.kinds, strict=True))
    skill = {assembly.arm.name: arm_skill(cell, assembly) for assembly in cell.assemblies}
    quality = tuple(
        _quality(output, kinds[output], assembly.arm.name, skill[assembly.arm.name][output], _scores(cell, assembly, output))
        for output in about.outputs
        for assembly in cell.assemblies
    )
    taken = best_takes(cell.timings)
    threads = taken[0].threads if taken else None
    timed = [ratio for timing in taken for ratio in paired_ratios(timing, joint.arm.name)]
    flops = [ratio for other in others if (ratio := flops_ratio(cell, joint, other)) is not None]
    ratios = (*flops, *timed)
    differences: list[Difference] = []
    decisions = []
    for other in others:
        compared, lost = _differences(skill[joint.arm.name], skill[other.arm.name], other, cell, rope)
        differences.extend(compared)
        if compared:
            decisions.append(_decision(other.arm.name, compared, lost, [r for r in ratios if r.other == other.arm.name], skill, joint, cell, rope))
    return CellSummary(
        cell.dataset, cell.backend, cell.device, joint.arm.name,
        threads,
        max((float(t.load.mean()) for t in taken), default=None),
        cell.cold_starts[0].import_seconds if cell.cold_starts else None,
        quality, tuple(arm_cost(cell, assembly) for assembly in cell.assemblies),
        tuple(ratios), tuple(differences), tuple(decisions), absences,
        tuple(made for assembly in cell.assemblies if (made := arm_flops(cell, assembly)) is not None),
        tuple(arm_memory(memory) for memory in cell.memories),
        tuple(one for other in others for one in explained(joint, other, [r for r in ratios if r.threads in (None, threads)])),
        sum(t.take > 0 for t in cell.timings), sum(t.disturbed for t in taken),
        tuple(projection_check(projection) for projection in cell.projections),
    )


def _scores(cell: Cell, assembly: Assembly, output: str) -> list[Score]:
    fits: list[Fit] = [cell.fits[i] for i in assembly.network_ids if i in cell.fits]
    return [score for fit in fits for score in fit.scores if score.output == output]


def _quality(output: str, kind: str, model: str, skill: pd.Series, scores: Sequence[Score]) -> Quality:
    per_fold = skill.groupby(["repeat", "fold"]).mean().dropna()
    names = list(scores[0].metrics) if scores else []
    metrics: dict[str, float | None] = {}
    for name in names:
        values = [value for s in scores if (value := s.metrics[name]) is not None]
        metrics[name] = float(np.mean(values)) if values else None
    sd = float(per_fold.std(ddof=1)) if len(per_fold) > 1 else float("nan")
    return Quality(output, kind, model, float(per_fold.mean()), sd, tuple(per_fold), metrics)


def _paired(joint: pd.Series, other: pd.Series) -> tuple[pd.Series, int]:
    """Differences per (repeat, fold), seeds averaged after pairs with a failure are removed together; and pairs lost."""
    both = pd.DataFrame({"joint": joint, "other": other})
    kept = both.dropna()
    return (kept["joint"] - kept["other"]).groupby(["repeat", "fold"]).mean(), len(both) - len(kept)


def _differences(
    joint: pd.DataFrame, other: pd.DataFrame, assembly: Assembly, cell: Cell, rope: float
) -> tuple[list[Difference], float]:
    made, lost_share = [], 0.0
    for output in joint.columns:
        differences, lost = _paired(joint[output], other[output])
        lost_share = max(lost_share, lost / max(len(joint), 1))
        if len(differences) >= 2:
            belief = correlated_t_test(differences.to_numpy(), folds=cell.folds[0].folds, rope=rope)
            made.append(difference(output, assembly.arm.name, belief, len(differences), lost))
    return made, lost_share


def _decision(
    other: str,
    compared: Sequence[Difference],
    lost: float,
    ratios: Sequence[Ratio],
    skill: dict[str, pd.DataFrame],
    joint: Assembly,
    cell: Cell,
    rope: float,
) -> Decision:
    mean, _ = _paired(skill[joint.arm.name].mean(axis=1, skipna=False), skill[other].mean(axis=1, skipna=False))
    belief = correlated_t_test(mean.to_numpy(), folds=cell.folds[0].folds, rope=rope)
    worst = min(compared, key=lambda d: d.difference.value)
    verdict, reason = decide(compared, ratios, rope, lost)
    return Decision(
        other, verdict, reason, Estimate(belief.mean, belief.low, belief.high), worst.output, worst.difference.value
    )


def headline(cells_: Sequence[CellSummary]) -> str:
    """One sentence over all cells: how often each verdict against the first other arm was reached."""
    firsts = [cell.decisions[0] for cell in cells_ if cell.decisions]
    if not firsts:
        return "Nothing was compared: no arm ran beside another."
    counts = Counter(decision.verdict for decision in firsts)
    said = ", ".join(f"{name} in {counts[name]}" for name in ("joint", "equivalent", "separate", "inconclusive") if counts[name])
    return f"Joint against {firsts[0].other}, {len(firsts)} comparisons of a dataset on a backend: {said}."
