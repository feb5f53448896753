"""Fitting every planned network: which are trained together, on which worker, and the record of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import cached_property

from jointbench.backends.base import Job, Stacked
from jointbench.backends.checkpoints import served_answers
from jointbench.backends.protocols import TrainingBackend
from jointbench.data.preprocess import Prepared
from jointbench.errors import DidNotFinish
from jointbench.measure.elapsed import since
from jointbench.records import Fit, Record, Stack
from jointbench.runtime.executor import Executor
from jointbench.runtime.workers import failure_reason
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.kept import KeptRecords
from jointbench.study.phases import training_phase
from jointbench.study.plan import Experiment, Plan, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.scoring import fit_record
from jointbench.study.stacks import engine_of, tasks_of, trains_alone
from jointbench.study.timed_networks import timed_ids
from jointbench.types import Engine, Network

FEW_DATASETS = 3  # a study of fewer has too few stacks to keep every worker busy


@dataclass(frozen=True, eq=False)
class Task:
    """What one worker trains at a time. kept: its records of before, all of them, or none. timed: ids of the networks whose
    weights timing needs: they are in no record."""

    experiment: Experiment
    networks: Sequence[Network]
    kept: Sequence[Record]
    timed: set[str]

    @property
    def is_done(self) -> bool:
        return bool(self.kept) and self.timed.isdisjoint(network.id for network in self.networks)

    @cached_property
    def work(self) -> int:
        return self.experiment.work(self.networks)


def train(
    plans: Sequence[Plan],
    workers: Executor,
    config: StudyConfig,
    scored: ScoredModels,
    kept: KeptRecords,
    progress: Progress,
) -> Iterator[Record]:
    """Fits as they finish, from workers that get no more tasks than keep them busy: few arrays wait in memory.

    Where something of a task is missing in ``kept``, all of it is trained, because rounding depends on what is trained
    together; the records that there were are yielded in place of new ones.
    """
    tasks = [
        Task(
            plan.experiment,
            task,
            kept.task(task, stacked=engine_of(task, config.engine) != "stock"),
            timed_ids(plan) if config.measures and not kept.measured(plan.arms, config.timed_threads) else set(),
        )
        for plan in plans
        for task in tasks_of(plan.experiment, plan.networks, config.engine, halved=len(plans) < FEW_DATASETS)
    ]
    for task in tasks:
        yield from task.kept
    tasks.sort(key=_order)
    total, done = sum(task.work for task in tasks), sum(task.work for task in tasks if task.is_done)
    tasks = [task for task in tasks if not task.is_done]
    phase = training_phase(plans[0].arms[0].backend, plans[0].arms[0].device)
    progress(phase, "", done, total)
    waiting: dict[Future[tuple[Stacked, float]], Task] = {}
    while tasks or waiting:
        while tasks and len(waiting) < workers.capacity:
            task = tasks.pop(0)
            jobs = [job(task.experiment, network, _prepared(task.experiment, network)) for network in task.networks]
            function = _fit_stock if engine_of(task.networks, config.engine) == "stock" else _fit_stacked
            waiting[workers.submit(function, jobs)] = task
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            task = waiting.pop(future)
            done += task.work
            progress(phase, task.experiment.dataset.slug, done, total)
            for record in _results(future, task, engine_of(task.networks, config.engine), scored, kept):
                if not task.kept:
                    yield record


def _order(task: Task) -> tuple[int, int, int, int]:
    """The longest first, so that no worker ends alone; but those on one large table one after the other, so that few
    such tables are there at a time."""
    first = task.networks[0]
    large = trains_alone(task.experiment, first.device)
    return (-large, first.repeat * large, first.fold * large, -task.work)


def fit_all(experiment: Experiment, networks: Sequence[Network], workers: Executor) -> Iterator[Fit]:
    """Fits of any networks of an experiment by the engine, on workers that are open already.

    Raises BrokenProcessPool when a worker dies.
    """
    waiting = []
    for task in tasks_of(experiment, networks, "stacked", halved=True):
        jobs = [job(experiment, network, _prepared(experiment, network)) for network in task]
        function = _fit_stock if engine_of(task, "stacked") == "stock" else _fit_stacked
        waiting.append((task, workers.submit(function, jobs)))
    for task, future in waiting:
        for network, trained in zip(task, future.result()[0].trained, strict=True):
            yield fit_record(experiment, network, trained, _prepared(experiment, network))


def _results(
    future: Future[tuple[Stacked, float]], task: Task, engine: Engine, scored: ScoredModels, kept: KeptRecords
) -> Iterator[Record]:
    """The records of a finished task, each the kept one where there is one; where the task broke off, its networks are
    recorded as failures.

    Raises DidNotFinish where no worker is left that could train anything.
    """
    try:
        stacked, seconds = future.result()
    except DidNotFinish:
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        for network in task.networks:
            yield kept.fits.get(network.id) or Fit(network=network, failure=failure_reason(error))
        return
    if engine != "stock":
        first, ids = task.networks[0], tuple(network.id for network in task.networks)
        yield kept.stacks.get(ids) or Stack(
            dataset=first.dataset,
            backend=first.backend,
            device=first.device,
            network_ids=ids,
            slots=stacked.slots,
            compilations=stacked.compilations,
            memory_budget_bytes=stacked.memory_budget_bytes,
            eager_reason=stacked.eager_reason,
            seconds=seconds,
        )
    for network, trained in zip(task.networks, stacked.trained, strict=True):
        there = kept.fits.get(network.id)
        failed = trained.failure is not None or (there is not None and there.failure is not None)
        if network.id in task.timed and not failed:
            architecture = task.experiment.architecture(network)
            scored.checkpoints[network.id] = trained.checkpoints
            scored.answers[network.id] = served_answers(architecture, network.recipe, trained.predictions)
        yield there or fit_record(task.experiment, network, trained, _prepared(task.experiment, network))


def _prepared(experiment: Experiment, network: Network) -> Prepared:
    return prepared_split(experiment, network.repeat, network.fold)


def _fit_stock(backend: TrainingBackend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return Stacked(tuple(backend.fit(job) for job in jobs), 1, 0), since(started)


def _fit_stacked(backend: TrainingBackend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return backend.fit_stacked(jobs), since(started)
