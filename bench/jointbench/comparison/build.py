"""From a run's records to its summary: every comparison and every decision, nothing formatted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.comparison.across_datasets import across_datasets
from jointbench.comparison.cells import BenchmarkCell, Skill, cells, over_seeds, reference_skill
from jointbench.comparison.costs import arm_cost, best_takes, projection_check
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.comparison.eager_steps import eager_notes
from jointbench.comparison.energy import cell_energy
from jointbench.comparison.failures import failed_everywhere
from jointbench.comparison.flops import arm_flops, predicted_saving
from jointbench.comparison.grouping import grouping_of, with_partition
from jointbench.comparison.headline import headline
from jointbench.comparison.memory import arm_memory
from jointbench.comparison.pair import cell_evidence, cell_ratios, compare_pair, decision
from jointbench.comparison.ranking import standings
from jointbench.comparison.summary.recipe import RecipeSummary
from jointbench.comparison.summary.run import SUMMARY_SCHEMA_VERSION, CellSummary, DatasetSummary, Quality, Summary
from jointbench.comparison.table_sizes import at_the_most_rows
from jointbench.comparison.tuning import tuning_of, with_sentence
from jointbench.networks.arms import coarseness
from jointbench.records import PlannedArm, Record, Reference, Score
from jointbench.types import Dataset, FloatArray, Split


def summarise(
    records: Iterable[Record],
    datasets: Sequence[DatasetSummary],
    *,
    profile: str,
    engine: str,
    command: str,
    notes: Sequence[str],
    criteria: VerdictCriteria = DEFAULT_CRITERIA,
) -> Summary:
    """The summary of a run. ``datasets`` describes each dataset; the rest is computed from the records."""
    run_cells, references = cells(records)
    by_slug = {dataset.slug: dataset for dataset in datasets}
    every = [summarise_cell(cell, by_slug[cell.dataset], criteria) for cell in run_cells]
    summaries = at_the_most_rows(every, by_slug)
    shown = {cell.dataset for cell in summaries}
    return Summary(
        schema_version=SUMMARY_SCHEMA_VERSION,
        profile=profile,
        engine=engine,
        command=command,
        headline=headline(summaries),
        datasets=tuple(
            with_references(dataset, references, run_cells) for dataset in datasets if dataset.slug in shown
        ),
        cells=summaries,
        notes=tuple(dict.fromkeys([*notes, *eager_notes(run_cells)])),  # a summary that is made anew has them already
        rope=criteria.rope,
        probability=criteria.probability,
        ropes=criteria.ropes,
        worth=criteria.worth,
        across=across_datasets(summaries, criteria),
    )


def describe(
    dataset: Dataset,
    splits: Sequence[Split],
    seeds: int,
    recipe: RecipeSummary,
    command: str = "",
    *,
    size_of: str = "",
) -> DatasetSummary:
    """What a dataset is, as it was used. size_of: the name of the same table on its fewest rows."""
    return DatasetSummary(
        slug=dataset.slug,
        title=dataset.title,
        rows=dataset.rows,
        features=int(np.prod(dataset.features.shape[1:])),
        outputs=tuple(output.name for output in dataset.outputs),
        kinds=tuple(output.kind for output in dataset.outputs),
        folds=splits[0].folds,
        repeats=1 + max(split.repeat for split in splits),
        seeds=seeds,
        notes=dataset.notes,
        source=dataset.provenance.source,
        licence=dataset.provenance.licence,
        citation=dataset.provenance.citation,
        sha256=dataset.provenance.sha256,
        references=(),
        command=command,
        repeatable=dataset.time is None,
        reading=dataset.reading,
        recipe=recipe,
        metrics=tuple(output.error_metric for output in dataset.outputs),
        weight=dataset.weight_column,
        class_weight=dataset.class_weight,
        cut_from=dataset.cut_from,
        size_of=size_of,
        test_file="" if dataset.held_out is None else dataset.held_out.name,
        test_rows=0 if dataset.held_out is None else int(dataset.held_out.rows.sum()),
    )


def with_references(
    dataset: DatasetSummary, references: Sequence[Reference], run_cells: Sequence[BenchmarkCell]
) -> DatasetSummary:
    """The description with the reference models' quality filled in."""
    own = [r for r in references if r.dataset == dataset.slug]
    folds = next((cell.folds for cell in run_cells if cell.dataset == dataset.slug), ())
    if not own or not folds:
        return dataset
    scores: dict[tuple[str, str], list[FoldScore]] = defaultdict(list)
    for reference in own:
        if reference.score is not None:
            fold_score = FoldScore(reference.repeat, reference.fold, reference.score)
            scores[reference.model, reference.output].append(fold_score)
    skill = reference_skill(own, folds)
    planned = len({(reference.repeat, reference.fold) for reference in own})
    quality = tuple(
        _quality(dataset, i, model, skill[model].value[i], scores[model, output], planned)
        for i, output in enumerate(dataset.outputs)
        for model in skill
        if scores[model, output]
    )
    means = tuple(
        (model, _mean_skill([q for q in quality if q.model == model], len(dataset.outputs))) for model in skill
    )
    return replace(dataset, references=quality, reference_skill=means)


def _mean_skill(qualities: Sequence[Quality], outputs: int) -> float:
    """Over the outputs; NaN where one is missing."""
    return math.fsum(quality.skill for quality in qualities) / outputs if len(qualities) == outputs else math.nan


def summarise_cell(cell: BenchmarkCell, dataset: DatasetSummary, criteria: VerdictCriteria) -> CellSummary:
    """Quality, costs, comparisons and decisions of one dataset on one backend and device."""
    if not cell.planned_arms:
        return _without_arms(cell)
    joint = min(cell.planned_arms, key=lambda planned: coarseness(planned.arm))
    others = [planned for planned in cell.planned_arms if planned is not joint]
    evidence = cell_evidence(cell, criteria)
    index, skill = evidence.index, evidence.skill
    costs = tuple(arm_cost(cell, planned) for planned in cell.planned_arms)
    ratios = cell_ratios(cell, joint, others)
    pairs = [compare_pair(evidence, joint, other, ratios) for other in others]
    arm_standings, pareto_criteria = standings(skill, costs, index, _metrics(cell, dataset))
    timings = best_takes(cell.timings)
    threads = timings[0].threads if timings else None
    at_these_threads = [ratio for ratio in ratios if ratio.threads in (None, threads)]
    batch_size = next((fit.network.recipe.batch_size for fit in cell.fits.values()), 1)
    summary = CellSummary(
        dataset=cell.dataset,
        backend=cell.backend,
        device=cell.device,
        joint=joint.arm.name,
        threads=threads,
        load=max((float(t.load.mean()) for t in timings), default=None),
        import_seconds=cell.cold_starts[0].import_seconds if cell.cold_starts else None,
        quality=_arm_quality(cell, dataset, skill),
        costs=costs,
        ratios=ratios,
        differences=tuple(d for pair in pairs for d in pair.differences),
        decisions=tuple(decision(pair, evidence, dataset) for pair in pairs),
        absences=tuple(absence.reason for absence in cell.absences),
        flops=tuple(flops for planned in cell.planned_arms if (flops := arm_flops(cell, planned)) is not None),
        memory=tuple(arm_memory(memory) for memory in cell.memories),
        energy=cell_energy(cell, joint.arm.name, costs),
        explained=tuple(
            saving for other in others for saving in predicted_saving(joint, other, at_these_threads, batch_size)
        ),
        standings=arm_standings,
        pareto_criteria=pareto_criteria,
        retaken=sum(t.take > 0 for t in cell.timings),
        still_disturbed=sum(t.disturbed for t in timings),
        projections=tuple(projection_check(projection) for projection in cell.projections),
        failed=failed_everywhere(cell),
        repeats=index.shape[0],
        seeds=index.shape[2],
        tuning=tuning_of(cell, criteria),
        grouping=grouping_of(cell, criteria),
    )
    return with_partition(with_sentence(summary))


def _metrics(cell: BenchmarkCell, dataset: DatasetSummary) -> tuple[str, ...]:
    """Of the error that each output's skill is made of, as the folds were scored."""
    scored = tuple(output.metric for output in cell.folds[0].scored) if cell.folds else ()
    return scored or tuple("squared" if kind == "regression" else "log" for kind in dataset.kinds)


def _without_arms(cell: BenchmarkCell) -> CellSummary:
    """The summary of a cell that holds nothing but the reasons why nothing ran."""
    return CellSummary(
        dataset=cell.dataset,
        backend=cell.backend,
        device=cell.device,
        joint="",
        threads=None,
        load=None,
        import_seconds=None,
        quality=(),
        costs=(),
        ratios=(),
        differences=(),
        decisions=(),
        absences=tuple(absence.reason for absence in cell.absences),
    )


def _arm_quality(cell: BenchmarkCell, dataset: DatasetSummary, skill: Mapping[str, Skill]) -> tuple[Quality, ...]:
    """By output, then by arm."""
    scores = {planned.arm.name: _scores(cell, planned) for planned in cell.planned_arms}
    return tuple(
        _quality(dataset, i, arm, skill[arm].value[i], scores[arm][output], len(cell.folds))
        for i, output in enumerate(dataset.outputs)
        for arm in skill
    )


@dataclass(frozen=True)
class FoldScore:
    """A score and the fold that it is of."""

    repeat: int
    fold: int
    score: Score


def _scores(cell: BenchmarkCell, planned: PlannedArm) -> dict[str, list[FoldScore]]:
    """The scores of an arm's networks by output."""
    by_output: dict[str, list[FoldScore]] = defaultdict(list)
    for network_id in planned.network_ids:
        if network_id in cell.fits:
            fit = cell.fits[network_id]
            for score in fit.scores:
                by_output[score.output].append(FoldScore(fit.network.repeat, fit.network.fold, score))
    return by_output


def _quality(
    dataset: DatasetSummary, output: int, model: str, skill: FloatArray, scores: Sequence[FoldScore], planned: int
) -> Quality:
    """The output at a place among the dataset's. skill: (repeats, folds, seeds). planned: folds of all repeats."""
    flat = over_seeds(skill).ravel()
    per_fold = flat[~np.isnan(flat)]
    metrics: dict[str, float | None] = {}
    metric_folds: dict[str, int] = {}
    for name in scores[0].score.metrics if scores else ():
        known = [((s.repeat, s.fold), value) for s in scores if (value := s.score.metrics[name]) is not None]
        metrics[name] = math.fsum(value for _, value in known) / len(known) if known else None
        folds = len({fold for fold, _ in known})
        if folds < planned:
            metric_folds[name] = folds
    mean = float(per_fold.mean()) if len(per_fold) else math.nan
    sd = float(per_fold.std(ddof=1)) if len(per_fold) > 1 else math.nan
    return Quality(
        output=dataset.outputs[output],
        kind=dataset.kinds[output],
        model=model,
        skill=mean,
        sd=sd,
        per_fold=tuple(per_fold.tolist()),
        metrics=metrics,
        metric_folds=metric_folds,
        planned_folds=planned,
    )
