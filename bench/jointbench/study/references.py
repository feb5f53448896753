"""What every arm is scored against: the folds with their no-skill errors, and the reference models on them."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

import numpy as np

from jointbench.data.row_weights import output_weights
from jointbench.metrics.judged_rows import judged_rows
from jointbench.metrics.quality import score
from jointbench.metrics.reference_models import LINEAR, TREES, reference_predictions
from jointbench.records import FoldRecord, Reference, Score, ScoredOutput
from jointbench.runtime.environment import cores
from jointbench.runtime.processes import Processes
from jointbench.runtime.workers import failure_reason
from jointbench.study.config import Progress
from jointbench.study.kept import ReferenceKey
from jointbench.study.phases import REFERENCES
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.reference_limits import NO_LIMIT, TreeLimit, tree_limits, tree_work, usual_seconds
from jointbench.study.scoring import judged_on, no_skill_on, tested_weights
from jointbench.types import Float32Array, FloatArray, IntArray, Output, Split

START_SECONDS = 1.5  # of a process, with its imports


def folds(experiment: Experiment, splits: Sequence[Split] | None = None) -> Iterator[FoldRecord]:
    """The experiment's folds, or these of them: their test rows and the no-skill predictor's errors there."""
    dataset = experiment.dataset
    y_true = _targets(experiment)
    units = experiment.row_units
    for split in experiment.splits if splits is None else splits:
        prepared = prepared_split(experiment, split.repeat, split.fold)
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
            weights=np.stack([tested_weights(experiment, o, split) for o in dataset.outputs], axis=1),
            no_skill_error=tuple(float(np.nan_to_num(no_skill_on(experiment, o, split))) for o in dataset.outputs),
            scored=tuple(
                ScoredOutput(o.kind, o.units, o.error_metric, float(mean), float(scale))
                for o, mean, scale in zip(dataset.outputs, prepared.mean, prepared.scale, strict=True)
            ),
            row_units=units[split.test],
        )


@dataclass(frozen=True, eq=False)
class ReferenceTask:
    """One model for one output on one fold. values: (rows,), NaN where unknown; mean and scale standardise them.

    weights: (rows,), of the loss and the error that skill is made of, row_weights: of the metrics; None: 1 each.
    limit: of the trees.
    """

    model: str
    output: Output
    split: Split
    values: FloatArray
    mean: float
    scale: float
    no_skill: float
    weights: FloatArray | None
    row_weights: FloatArray | None
    limit: TreeLimit = NO_LIMIT


def references(
    experiments: Sequence[Experiment],
    jobs: int,
    progress: Progress,
    training_seconds: float = math.inf,
    kept: Container[ReferenceKey] = (),
) -> Iterator[Reference]:
    """The reference models' scores in the order of the folds, from at most ``jobs`` processes.

    A failure names its reason. training_seconds: what training may take, of which the references get a share. kept:
    those that are there already.
    """
    limits = tree_limits(experiments, training_seconds)
    count = processes_for(experiments, limits, jobs)
    works = [tree_work(experiment, limits[experiment.dataset.slug]) + 1.0 for experiment in experiments]
    progress(REFERENCES, "", 0, sum(works))
    with Processes(count, max(1, cores() // jobs)) as processes:
        for number, experiment in enumerate(experiments, start=1):
            limit = limits[experiment.dataset.slug]
            tasks = list(_tasks(experiment, limit, kept))
            yield from _of_experiment(experiment, tasks, processes, 2 * count)
            progress(REFERENCES, experiment.dataset.slug, sum(works[:number]), sum(works))


def processes_for(experiments: Sequence[Experiment], limits: Mapping[str, TreeLimit], jobs: int) -> int:
    """How many processes are worth their start: the import of scikit-learn takes longer than the models of a table."""
    return max(1, min(jobs, math.ceil(usual_seconds(experiments, limits) / START_SECONDS)))


def _of_experiment(
    experiment: Experiment, tasks: Sequence[ReferenceTask], processes: Processes, ahead: int
) -> Iterator[Reference]:
    futures: list[Future[Score]] = []
    unfinished: set[Future[Score]] = set()
    for task in tasks:
        if task.model == TREES and not task.limit.fitted:
            futures.append(Future())
            futures[-1].set_exception(TooExpensive())
            continue
        split = task.split
        features = prepared_split(experiment, split.repeat, split.fold).features
        futures.append(processes.submit(_score, task, features))
        unfinished.add(futures[-1])
        if len(unfinished) >= ahead:  # so that few tables wait in memory
            unfinished = wait(unfinished, return_when=FIRST_COMPLETED).not_done
    for task, future in zip(tasks, futures, strict=True):
        yield _reference(experiment.dataset.slug, task, future)


class TooExpensive(Exception):
    """A model is left out, because it would take more than its share of the study."""


def _tasks(
    experiment: Experiment, limit: TreeLimit = NO_LIMIT, kept: Container[ReferenceKey] = ()
) -> Iterator[ReferenceTask]:
    """Those that are not kept; a split that lacks none is not prepared, which takes longer than reading its records."""
    y_true = _targets(experiment)
    for split in experiment.splits:
        place = experiment.dataset.slug, split.repeat, split.fold
        for i, output in enumerate(experiment.dataset.outputs):
            missing = [model for model in (LINEAR, TREES) if (*place, model, output.name) not in kept]
            for model in missing if missing and judged_on(experiment, output, split).any() else ():
                prepared = prepared_split(experiment, split.repeat, split.fold)
                yield ReferenceTask(
                    model=model,
                    output=output,
                    split=split,
                    values=y_true[:, i],
                    mean=prepared.mean[i],
                    scale=prepared.scale[i],
                    no_skill=no_skill_on(experiment, output, split),
                    weights=output_weights(experiment.dataset, output, split.train),
                    row_weights=experiment.dataset.row_weights,
                    limit=limit,
                )


def _score(task: ReferenceTask, features: Float32Array) -> Score:
    """Fits and scores the model, in a worker."""
    raw = reference_predictions(
        model=task.model,
        output=task.output,
        features=features,
        values=(task.values - task.mean) / task.scale,
        parts=(_train_rows(task), task.split.validation, task.split.test),
        weights=task.weights,
        tree_rounds=task.limit.rounds,
    )
    truth = task.values[task.split.test]
    judged = judged_rows(task.output, task.values[task.split.train], truth)
    predicted = raw * task.scale + task.mean if task.output.kind == "regression" else raw
    weights = (None if rows is None else rows[task.split.test][judged] for rows in (task.weights, task.row_weights))
    return score(task.output, truth[judged], predicted[judged], task.no_skill, *weights)


def _train_rows(task: ReferenceTask) -> IntArray:
    """The rows that the model learns from: where the trees' are cut, so many of them at even distances."""
    train = task.split.train
    if task.model != TREES or task.limit.rows is None or task.limit.rows >= len(train):
        return train
    return train[np.linspace(0, len(train) - 1, task.limit.rows).astype(np.int64)]


def _reference(slug: str, task: ReferenceTask, future: Future[Score]) -> Reference:
    result: Score | None
    failure: str | None
    try:
        result, failure = future.result(), None
        if not result.is_finite:
            result, failure = None, "its error on the test rows is not finite"
    except TooExpensive:
        result, failure = None, "not fitted: it would take more than the references' share of the study"
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        result, failure = None, failure_reason(error)
    return Reference(
        dataset=slug,
        repeat=task.split.repeat,
        fold=task.split.fold,
        model=task.model,
        output=task.output.name,
        score=result,
        failure=failure,
    )


def _targets(experiment: Experiment) -> FloatArray:
    """(rows, outputs): the targets side by side, NaN where unknown."""
    return np.stack([experiment.dataset.targets[output.name] for output in experiment.dataset.outputs], axis=1)
