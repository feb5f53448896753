"""The whole study: fits every planned network, times every planned arm, yields every record as it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from jointbench.backends.registry import unavailable_reason
from jointbench.metrics.quality import score
from jointbench.metrics.reference_models import LINEAR, TREES, reference_predictions
from jointbench.records import FoldRecord, NotMeasured, Record, Reference
from jointbench.runtime.workers import Workers, unusable_reason
from jointbench.study.budget import TimingBudget
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.memory import footprints
from jointbench.study.plan import Experiment, Plan, plan_arms, prepared_split
from jointbench.study.scoring import no_skill_on
from jointbench.study.timing import timings
from jointbench.study.training import train
from jointbench.types import Float32Array, FloatArray, Output, Split


def run(experiments: Sequence[Experiment], config: StudyConfig, progress: Progress) -> Iterator[Record]:
    """Every record of a study, as it is made."""
    for count, experiment in enumerate(experiments, start=1):
        yield from evidence(experiment, config.jobs, references=config.references)
        progress("reference models", experiment.dataset.slug, count, len(experiments))
    cells = [(backend, device) for backend in config.backends for device in config.devices]
    available = sum(unavailable_reason(backend) is None for backend, _ in cells)
    timing_budget = TimingBudget(config.timing_seconds, available * len(experiments) * len(config.timed_threads))
    for backend, device in cells:
        if (reason := unavailable_reason(backend)) is not None:
            for experiment in experiments:
                yield NotMeasured(experiment.dataset.slug, backend, device, reason)
            continue
        if device != "cpu" and (reason := _unusable_reason(backend, device)) is not None:
            for experiment in experiments:
                yield NotMeasured(experiment.dataset.slug, backend, device, reason)
            continue
        yield from _cell(experiments, backend, device, config, timing_budget, progress)


def _unusable_reason(backend: str, device: str) -> str | None:
    """Why this framework cannot use the accelerator that the machine has, by its own answer; None where it can."""
    with Workers(backend, device, 1, 1) as workers:
        return workers.submit(unusable_reason).result()


def evidence(experiment: Experiment, jobs: int, *, references: bool = True) -> Iterator[Record]:
    """What every arm is scored against: the folds with their no-skill errors, and the reference models."""
    dataset = experiment.dataset
    y_true = np.stack([dataset.targets[output.name] for output in dataset.outputs], axis=1)
    weights = (~np.isnan(y_true)).astype(np.float64)
    for split in experiment.splits:
        no_skill = [no_skill_on(experiment, output, split) for output in dataset.outputs]
        yield FoldRecord(
            dataset=dataset.slug,
            repeat=split.repeat,
            fold=split.fold,
            folds=split.folds,
            seed=split.seed,
            digest=split.digest,
            outputs=tuple(output.name for output in dataset.outputs),
            train_rows=len(split.train),
            validation_rows=len(split.validation),
            test=split.test,
            y_true=np.nan_to_num(y_true[split.test]),
            weights=weights[split.test],
            no_skill_error=tuple(no_skill),
        )
        if not references:
            continue
        prepared = prepared_split(experiment, split.repeat, split.fold)
        columns = [
            _OutputColumn(output, y_true[:, i], prepared.mean[i], prepared.scale[i], no_skill[i])
            for i, output in enumerate(dataset.outputs)
        ]
        yield from Parallel(n_jobs=jobs)(
            delayed(_reference)(dataset.slug, split, model, column, prepared.features)
            for column in columns
            for model in (LINEAR, TREES)
        )


@dataclass(frozen=True, eq=False)
class _OutputColumn:
    """An output's values (rows,), NaN where unknown, with its scaling and its no-skill error on one fold."""

    output: Output
    values: FloatArray
    mean: float
    scale: float
    no_skill: float


def _reference(slug: str, split: Split, model: str, column: _OutputColumn, features: Float32Array) -> Reference:
    raw = reference_predictions(
        model=model,
        output=column.output,
        features=features,
        values=(column.values - column.mean) / column.scale,
        train=split.train,
        validation=split.validation,
        test=split.test,
    )
    truth = column.values[split.test]
    known = ~np.isnan(truth)
    predicted = raw * column.scale + column.mean if column.output.kind == "regression" else raw
    return Reference(
        dataset=slug,
        repeat=split.repeat,
        fold=split.fold,
        model=model,
        output=column.output.name,
        score=score(column.output, truth[known], predicted[known], column.no_skill),
    )


def _cell(
    experiments: Sequence[Experiment],
    backend: str,
    device: str,
    config: StudyConfig,
    timing_budget: TimingBudget,
    progress: Progress,
) -> Iterator[Record]:
    """One backend on one device: all fits on ``jobs`` workers, then all timing on one worker, alone, then memory."""
    plans = [Plan(experiment, *plan_arms(experiment, backend, device, config.engine)) for experiment in experiments]
    for plan in plans:
        yield from plan.arms
    scored = ScoredModels()
    yield from train(plans, backend, device, config, scored, progress)
    if config.timing_seconds <= 0 and config.projections == 0:
        return
    yield from timings(
        plans,
        backend=backend,
        device=device,
        config=config,
        scored=scored,
        timing_budget=timing_budget,
        progress=progress,
    )
    if config.timing_seconds > 0:
        yield from footprints(plans, config, scored, scored.saved, progress)  # never beside the clocks
