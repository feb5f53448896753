"""Fitting every planned network: which are trained together, on which worker, and the record of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from jointbench.backends.base import Job, Stacked
from jointbench.backends.batched.program import MEMORY_BUDGET_BYTES
from jointbench.backends.protocols import TrainingBackend
from jointbench.data.preprocess import Prepared
from jointbench.data.shared_table import LEAST_BYTES
from jointbench.errors import DidNotFinish
from jointbench.records import Fit, Record, Stack
from jointbench.runtime.executor import Executor
from jointbench.runtime.workers import failure_reason
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.phases import training_phase
from jointbench.study.plan import Experiment, Plan, job, timed_ids
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.scoring import fit_record
from jointbench.study.stacks import table_bytes, tasks_of
from jointbench.types import Engine, Network

FEW_DATASETS = 3  # a study of fewer has too few stacks to keep every worker busy


def train(
    plans: Sequence[Plan], workers: Executor, config: StudyConfig, scored: ScoredModels, progress: Progress
) -> Iterator[Record]:
    """Fits as they finish, from workers that get no more tasks than keep them busy: few arrays wait in memory."""
    tasks = [
        (plan.experiment, timed_ids(plan.arms), task)
        for plan in plans
        for task in tasks_of(plan.experiment, plan.networks, config.engine, halved=len(plans) < FEW_DATASETS)
    ]
    tasks.sort(key=lambda entry: _order(entry[0], entry[2]))
    total, done = sum(experiment.work(task) for experiment, _, task in tasks), 0
    phase = training_phase(plans[0].arms[0].backend, plans[0].arms[0].device)
    progress(phase, "", 0, total)
    waiting: dict[Future[tuple[Stacked, float]], tuple[Experiment, set[str], Sequence[Network]]] = {}
    while tasks or waiting:
        while tasks and len(waiting) < workers.capacity:
            experiment, timed, task = tasks.pop(0)
            jobs = [job(experiment, network, _prepared(experiment, network)) for network in task]
            function = _fit_stock if config.engine == "stock" else _fit_stacked
            waiting[workers.submit(function, jobs)] = (experiment, timed, task)
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            experiment, timed, finished = waiting.pop(future)
            done += experiment.work(finished)
            progress(phase, experiment.dataset.slug, done, total)
            yield from _results(future, experiment, timed, finished, config.engine, scored)


def _order(experiment: Experiment, task: Sequence[Network]) -> tuple[int, int, int, int]:
    """The longest first, so that no worker ends alone; but those on one large table one after the other, so that few
    such tables are there at a time."""
    large, first = table_bytes(experiment) >= LEAST_BYTES, task[0]
    return (-large, first.repeat * large, first.fold * large, -experiment.work(task))


def fit_all(experiment: Experiment, networks: Sequence[Network], workers: Executor) -> Iterator[Fit]:
    """Fits of any networks of an experiment by the engine, on workers that are open already.

    Raises BrokenProcessPool when a worker dies.
    """
    waiting = []
    for task in tasks_of(experiment, networks, "stacked", halved=True):
        jobs = [job(experiment, network, _prepared(experiment, network)) for network in task]
        waiting.append((task, workers.submit(_fit_stacked, jobs)))
    for task, future in waiting:
        for network, trained in zip(task, future.result()[0].trained, strict=True):
            yield fit_record(experiment, network, trained, _prepared(experiment, network))


def _results(
    future: Future[tuple[Stacked, float]],
    experiment: Experiment,
    timed: set[str],
    task: Sequence[Network],
    engine: Engine,
    scored: ScoredModels,
) -> Iterator[Record]:
    """The records of a finished task; where it broke off, its networks are recorded as failures.

    Raises DidNotFinish where no worker is left that could train anything.
    """
    try:
        stacked, seconds = future.result()
    except DidNotFinish:
        raise
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
            scored.weights[network.id], scored.answers[network.id] = trained.weights, trained.predictions
        yield fit_record(experiment, network, trained, _prepared(experiment, network))


def _prepared(experiment: Experiment, network: Network) -> Prepared:
    return prepared_split(experiment, network.repeat, network.fold)


def _fit_stock(backend: TrainingBackend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return Stacked(tuple(backend.fit(job) for job in jobs), 1, 0), time.perf_counter() - started


def _fit_stacked(backend: TrainingBackend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return backend.fit_stacked(jobs), time.perf_counter() - started
