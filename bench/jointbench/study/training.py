"""Fitting every planned network: which are trained together, on which worker, and the record of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from jointbench.backends.base import Backend, Job, Stacked
from jointbench.backends.batched.scheduler import MEMORY_BUDGET_BYTES
from jointbench.data.preprocess import Prepared
from jointbench.records import Fit, Record, Stack
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.plan import Experiment, Plan, job, prepared_split, timed_ids
from jointbench.study.scoring import fit_record
from jointbench.study.stacks import tasks_of
from jointbench.types import Engine, Network

FEW_DATASETS = 3  # a study of fewer has too few stacks to keep every worker busy


def train(
    plans: Sequence[Plan], backend: str, device: str, conditions: StudyConfig, kept: ScoredModels, progress: Progress
) -> Iterator[Record]:
    """Fits as they finish, from ``jobs`` workers that are never more than one task ahead, so that few arrays wait."""
    tasks = [
        (subject, timed_ids(subject, made), task)
        for subject, made, networks in plans
        for task in tasks_of(subject, networks, conditions.engine, halved=len(plans) < FEW_DATASETS)
    ]
    tasks.sort(key=lambda entry: -entry[0].work(entry[2]))  # the longest first, so that no worker ends alone
    total, done = sum(len(task) for _, _, task in tasks), 0
    waiting: dict[Future[tuple[Stacked, float]], tuple[Experiment, set[str], Sequence[Network]]] = {}
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


def fit_all(subject: Experiment, networks: Sequence[Network], workers: Workers) -> Iterator[Fit]:
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
    future: Future[tuple[Stacked, float]],
    subject: Experiment,
    timed: set[str],
    task: Sequence[Network],
    engine: Engine,
    kept: ScoredModels,
) -> Iterator[Record]:
    """The records of a finished task; where it broke off, its networks are failures."""
    try:
        stacked, seconds = future.result()
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        for network in task:
            yield Fit(network=network, failure=failure_reason(error))
        return
    if engine != "stock":
        first = task[0]
        yield Stack(
            dataset=first.dataset,
            backend=first.backend,
            device=first.device,
            network_ids=tuple(network.id for network in task),
            slots=stacked.slots,
            compilations=stacked.compilations,
            memory_budget_bytes=MEMORY_BUDGET_BYTES,
            seconds=seconds,
        )
    for network, trained in zip(task, stacked.trained, strict=True):
        if network.id in timed and trained.failure is None:
            kept.weights[network.id], kept.answers[network.id] = trained.weights, trained.predictions
        yield fit_record(subject, network, trained, _prepared(subject, network))


def _prepared(subject: Experiment, network: Network) -> Prepared:
    return prepared_split(subject, network.repeat, network.fold)


def _fit_stock(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return Stacked(tuple(backend.fit(one) for one in jobs), 1, 0), time.perf_counter() - started


def _fit_stacked(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return backend.fit_stacked(jobs), time.perf_counter() - started
