"""A cheap look, before any pair is trained, at which pairs of many outputs are worth training: how far the outputs'
gradients overlap in each run's joint network, on its training rows alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import DiagnosedBackend, NoDiagnostics, TrainingBackend, diagnostics_of
from jointbench.comparison.searched import whole_of
from jointbench.errors import DidNotFinish
from jointbench.measure.elapsed import since
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import gradient_products_flops, train_flops_per_row
from jointbench.networks.gradient_overlap import STEPS, overlaps
from jointbench.networks.partitions import is_screened
from jointbench.records import Screen, SearchedArm
from jointbench.runtime.executor import Executor
from jointbench.runtime.workers import failure_reason
from jointbench.study.cell_rounds import CellRounds
from jointbench.study.config import Progress
from jointbench.study.kept import KeptRecords
from jointbench.study.phases import screening_phase
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.stacks import engine_of, tasks_of
from jointbench.types import Engine, FloatArray, Network

DIGITS = 4  # of an overlap that is kept: of 64 outputs there are 2,016 in each run


class ScreeningBackend(TrainingBackend, DiagnosedBackend, Protocol):
    """Trains networks and looks into them."""


def screened(
    cells: Sequence[CellRounds], workers: Executor, kept: KeptRecords, progress: Progress
) -> Iterator[SearchedArm]:
    """Plans the pairs of every arm that is to be screened; yields it where its record with these pairs is new."""
    for cell in cells:
        screens = {}
        for searched in cell.plan.searched:
            if is_screened(len(whole_of(searched).group)):
                screens[searched.arm] = kept.screens(searched) or _screens(cell, searched, workers, progress)
        if screens:
            cell.add_pairs(screens)
            yield from kept.new_searched(cell.plan.searched)


def _screens(cell: CellRounds, searched: SearchedArm, workers: Executor, progress: Progress) -> tuple[Screen, ...]:
    """One of each run, in order."""
    experiment, planned = cell.plan.experiment, cell.plan.arms[0]
    networks = [cell.plan.by_id[name] for name in whole_of(searched).network_ids]
    waiting: list[tuple[Sequence[Network], Future[list[_Look]]]] = []
    found: dict[str, Screen] = {}
    phase = screening_phase(planned.backend, planned.device)
    progress(phase, cell.slug, 0, len(networks))

    def take_oldest() -> None:
        task, future = waiting.pop(0)
        found.update(zip((network.id for network in task), _results(experiment, task, future), strict=True))
        progress(phase, cell.slug, len(found), len(networks))

    for task in tasks_of(experiment, networks, planned.engine, halved=True):
        if len(waiting) >= workers.capacity:
            take_oldest()
        jobs = [job(experiment, n, prepared_split(experiment, n.repeat, n.fold)) for n in task]
        waiting.append((task, workers.submit(_look, jobs, engine_of(task, planned.engine))))
    while waiting:
        take_oldest()
    return tuple(found[network.id] for network in networks)


@dataclass(frozen=True, eq=False)
class _Look:
    """What a worker found in one network. rows: that it was trained on, in all, and whose gradients were compared."""

    overlaps: FloatArray
    rows_trained: int
    rows_compared: int
    seconds: float
    failure: str | None = None


def _look(backend: ScreeningBackend, jobs: Sequence[Job], engine: Engine) -> list[_Look]:
    """Trains the networks, then takes some steps more from their best epochs and compares the gradients before each."""
    diagnostics = diagnostics_of(backend)
    if not (jobs[0].architecture.trunk or jobs[0].architecture.convs or jobs[0].architecture.own_trunk):
        raise ValueError("the network has no shared layers")
    started = time.perf_counter()
    trained = [backend.fit(one) for one in jobs] if engine == "stock" else backend.fit_stacked(jobs).trained
    share = since(started) / len(jobs)
    looks = []
    for one, result in zip(jobs, trained, strict=True):
        started = time.perf_counter()
        if result.failure is not None:
            looks.append(_Look(np.zeros((0, 0)), result.rows_seen, 0, share, result.failure))
            continue
        best = replace(one, initial=result.weights)
        gramians = diagnostics.trunk_gramians(best, range(STEPS), one.train[:1])
        rows = _rows_of_steps(one)
        looks.append(_Look(overlaps(gramians.batch), result.rows_seen + rows, rows + STEPS, share + since(started)))
    return looks


def _rows_of_steps(one: Job) -> int:
    """In the batches of STEPS steps."""
    size, rows = one.recipe.batch_size, len(one.train)
    sizes = [min(size, rows - start) for start in range(0, rows, size)]
    return sum(sizes[step % len(sizes)] for step in range(STEPS))


def _results(experiment: Experiment, task: Sequence[Network], future: Future[list[_Look]]) -> list[Screen]:
    """Raises DidNotFinish where no worker is left."""
    try:
        looks = future.result()
    except DidNotFinish:
        raise
    except NoDiagnostics as error:
        return [Screen(overlaps=(), train_flops=0, seconds=0.0, failure=str(error)) for _ in task]
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return [Screen(overlaps=(), train_flops=0, seconds=0.0, failure=failure_reason(error)) for _ in task]
    return [_screen(experiment.architecture(network), look) for network, look in zip(task, looks, strict=True)]


def _screen(network: Architecture, look: _Look) -> Screen:
    flops = train_flops_per_row([network]) * look.rows_trained
    if look.failure is None:
        flops += gradient_products_flops(network, look.rows_compared)
    pairs = look.overlaps[np.triu_indices(len(look.overlaps), 1)]
    return Screen(
        overlaps=tuple(round(min(float(value), 1.0), DIGITS) if np.isfinite(value) else None for value in pairs),
        train_flops=flops,
        seconds=look.seconds,
        failure=look.failure,
    )
