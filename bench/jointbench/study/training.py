"""Fitting every planned network: which are trained together, on which worker, and the record of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Backend, Job, Stacked, Trained
from jointbench.backends.batched.padding import family, worth_hosting
from jointbench.backends.batched.scheduler import MEMORY_BUDGET_BYTES
from jointbench.data.preprocess import Prepared, in_units, prepare
from jointbench.metrics.quality import no_skill_error, score
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import train_flops_per_row
from jointbench.records import Assembly, Fit, Record, Score, Stack
from jointbench.runtime.workers import Workers, why_failed
from jointbench.study.config import Conditions, Kept, Progress
from jointbench.study.plan import Subject, job
from jointbench.types import Engine, Network, Output, Recipe, Split

TABLE_BYTES = 256 * 2**20  # of features that one task carries to its worker
FEW_DATASETS = 3  # a study of fewer has too few stacks to keep every worker busy
HALF_STACK = 16  # networks that a half of a stack must have at the least
USUAL_EPOCHS = 3  # that a network trains, in units of its patience

Plan = tuple[Subject, list[Assembly], list[Network]]


def train(
    plans: Sequence[Plan], backend: str, device: str, conditions: Conditions, kept: Kept, progress: Progress
) -> Iterator[Record]:
    """Fits as they finish, from ``jobs`` workers that are never more than one task ahead, so that few arrays wait."""
    tasks = [
        (subject, timed_ids(subject, made), task)
        for subject, made, networks in plans
        for task in tasks_of(subject, networks, conditions.engine, halved=len(plans) < FEW_DATASETS)
    ]
    tasks.sort(key=lambda entry: -entry[0].work(entry[2]))  # the longest first, so that no worker ends alone
    total, done = sum(len(task) for _, _, task in tasks), 0
    waiting: dict[Future[tuple[Stacked, float]], tuple[Subject, set[str], Sequence[Network]]] = {}
    with Workers(backend, device, 1, conditions.jobs) as workers:
        while tasks or waiting:
            while tasks and len(waiting) < 2 * conditions.jobs:
                subject, timed, task = tasks.pop(0)
                ready = [job(subject, network, _prepared(subject, network)) for network in task]
                function = _fit_stock if conditions.engine == "stock" else _fit_stacked
                waiting[workers.submit(function, ready)] = (subject, timed, task)
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                subject, timed, finished = waiting.pop(future)
                done += len(finished)
                progress(f"{backend} {device}: training", subject.dataset.slug, done, total)
                yield from _results(future, subject, timed, finished, conditions.engine, kept)


def fit_all(subject: Subject, networks: Sequence[Network], workers: Workers) -> Iterator[Fit]:
    """Fits of networks that need not be a study's, on the engine, from workers that are open already.

    Raises BrokenProcessPool when a worker dies.
    """
    waiting = []
    for task in tasks_of(subject, networks, "stacked", halved=True):
        ready = [job(subject, network, _prepared(subject, network)) for network in task]
        waiting.append((task, workers.submit(_fit_stacked, ready)))
    for task, future in waiting:
        for network, trained in zip(task, future.result()[0].trained, strict=True):
            yield fit_record(subject, network, trained, _prepared(subject, network))


def _results(
    future: Future[tuple[Stacked, float]], subject: Subject, timed: set[str], task: Sequence[Network], engine: Engine, kept: Kept
) -> Iterator[Record]:
    """The records of a finished task; where it broke off, its networks are failures."""
    try:
        stacked, seconds = future.result()
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        for network in task:
            yield Fit(network, failure=why_failed(error))
        return
    if engine != "stock":
        first = task[0]
        yield Stack(
            first.dataset, first.backend, first.device, tuple(network.id for network in task), stacked.slots,
            stacked.compilations, MEMORY_BUDGET_BYTES, seconds,
        )
    for network, trained in zip(task, stacked.trained, strict=True):
        if network.id in timed and trained.failure is None:
            kept.weights[network.id], kept.answers[network.id] = trained.weights, trained.predictions
        yield fit_record(subject, network, trained, _prepared(subject, network))


def tasks_of(subject: Subject, networks: Sequence[Network], engine: Engine, *, halved: bool = False) -> list[list[Network]]:
    """What one worker trains at a time: a network alone, or all that one program can train together.

    Networks of one recipe (but for loss weights, which are each replicate's own) stack when their architectures are
    equal, or of one family and cheap to fill up with zeros; a stack is cut where its tables would pass TABLE_BYTES, and if ``halved`` in two where both halves are
    of some size, so that two workers can share it. A function of the study alone, which always makes the same stacks.
    """
    if engine == "stock":
        return [[network] for network in networks]
    table = subject.dataset.rows * int(np.prod(subject.input_shape)) * 4
    most = max(1, TABLE_BYTES // table)
    cut: list[list[Network]] = []
    for stack in _stacks(subject, networks):
        keys = list(dict.fromkeys((network.repeat, network.fold) for network in stack))
        splits = min(most, -(-len(keys) // 2) if halved and len(stack) >= 2 * HALF_STACK else len(keys))
        for start in range(0, len(keys), splits):
            chosen = set(keys[start : start + splits])
            cut.append([network for network in stack if (network.repeat, network.fold) in chosen])
    return cut


def _stacks(subject: Subject, networks: Sequence[Network]) -> list[list[Network]]:
    """The networks that one program trains, however large its tables get."""
    equal: dict[tuple[Architecture, Recipe], list[Network]] = {}
    for network in networks:
        recipe = replace(network.recipe, loss_weights=())
        equal.setdefault((subject.architecture(network), recipe), []).append(network)
    stacks: dict[tuple[object, Recipe], list[list[Network]]] = {}
    for (network_shape, recipe), same in equal.items():
        hosts = stacks.setdefault((family(network_shape), recipe), [])
        rows_seen = USUAL_EPOCHS * recipe.patience * subject.dataset.rows
        for host in hosts:
            together = [*host, *same]
            if worth_hosting([subject.architecture(network) for network in together], rows_seen):
                host += same
                break
        else:
            hosts.append(same)
    return [stack for hosts in stacks.values() for stack in hosts]


@lru_cache(maxsize=16)
def prepared_split(subject: Subject, repeat: int, fold: int) -> Prepared:
    return prepare(subject.dataset, next(s for s in subject.splits if (s.repeat, s.fold) == (repeat, fold)))


def _prepared(subject: Subject, network: Network) -> Prepared:
    return prepared_split(subject, network.repeat, network.fold)


def _fit_stock(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return Stacked(tuple(backend.fit(one) for one in jobs), 1, 0), time.perf_counter() - started


def _fit_stacked(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return backend.fit_stacked(jobs), time.perf_counter() - started


def fit_record(subject: Subject, network: Network, trained: Trained, prepared: Prepared) -> Fit:
    """The record of a fit: what was trained, scored on the test rows whose label is known."""
    architecture = subject.architecture(network)
    per_row = train_flops_per_row([architecture])
    split = next(s for s in subject.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    scores = scores_of(subject, network.group, split, trained.predictions, prepared) if trained.failure is None else ()
    no_skill = np.array([prepared.no_skill[column] for column in subject.columns(network.group)])
    return Fit(
        network=network,
        parameters=architecture.parameters,
        flops_per_row=per_row,
        epochs=trained.epochs,
        best_epoch=trained.best_epoch,
        steps=trained.steps,
        train_flops=per_row * trained.rows_seen,
        epoch_seconds=trained.epoch_seconds,
        stopped_by=trained.stopped_by,
        train_loss=trained.train_loss / no_skill,
        validation_loss=trained.validation_loss / no_skill,
        predictions=trained.predictions,
        scores=scores,
        failure=trained.failure,
    )


def scores_of(
    subject: Subject, group: Sequence[str], split: Split, raw: npt.NDArray[np.floating], prepared: Prepared
) -> tuple[Score, ...]:
    """Scores of these outputs on the test rows whose label is known. raw: (test rows, units), their heads side by side."""
    outputs, columns = subject.outputs(group), subject.columns(group)
    made = []
    for output, predicted in zip(outputs, in_units(raw, outputs, columns, prepared), strict=True):
        values = subject.dataset.targets[output.name][split.test]
        known = ~np.isnan(values)
        made.append(score(output, values[known], predicted[known], no_skill_on(subject, output, split)))
    return tuple(made)


def no_skill_on(subject: Subject, output: Output, split: Split) -> float:
    """The no-skill predictor's error on the test rows whose label is known, made from such training rows."""
    train, test = (subject.dataset.targets[output.name][rows] for rows in (split.train, split.test))
    return no_skill_error(output, train[~np.isnan(train)], test[~np.isnan(test)])


def timed_ids(subject: Subject, made: Iterable[Assembly]) -> set[str]:
    """Ids of the networks of the first split and seed, in every arm."""
    return {network_id for assembly in made for network_id in assembly.network_ids[: len(assembly.arm.groups)]}
