"""The whole study: fits every planned network, times every planned arm, yields every record as it is made.

A study that was cut off goes on where it was: ``kept`` are its records, and what they say is not done again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jointbench.backends.registry import unavailable_reason
from jointbench.comparison.cells import BenchmarkCell
from jointbench.records import NotMeasured, Record
from jointbench.runtime.workers import Workers, unloadable_reason, unusable_device_reason
from jointbench.study.budget import TimingBudget, TrainingBudget
from jointbench.study.config import Concluded, Listeners, Progress, ScoredModels, StudyConfig
from jointbench.study.early_workers import EarlyWorkers
from jointbench.study.kept import KeptRecords
from jointbench.study.memory import footprints
from jointbench.study.plan import Experiment
from jointbench.study.references import folds, references
from jointbench.study.rounds import ToldFolds, train_in_rounds
from jointbench.study.timing import timings
from jointbench.study.trials import plan
from jointbench.study.untrained_arms import untrained_arms


@dataclass(frozen=True)
class _Shared:
    """What the backends and devices of a study share. told: the folds that have a record, and what is kept."""

    listeners: Listeners
    told: ToldFolds
    early: EarlyWorkers
    training: TrainingBudget
    timing: TimingBudget


def unheard(_: BenchmarkCell) -> None:
    """Nobody asked for what the first rounds come to."""


def run(
    experiments: Sequence[Experiment], config: StudyConfig, progress: Progress, concluded: Concluded = unheard
) -> Iterator[Record]:
    """Every record of a study, as it is made. concluded: hears of each first round of training."""
    for records in steps(experiments, config, (progress, concluded), KeptRecords()):
        yield from records


def steps(
    experiments: Sequence[Experiment], config: StudyConfig, listeners: Listeners, kept: KeptRecords
) -> Iterator[Sequence[Record]]:
    """Every record of a study that is not kept from before, as it is made; records that belong together in one piece."""
    with EarlyWorkers(config) as early:
        yield from _study(experiments, config, listeners, early, kept)


def _study(
    experiments: Sequence[Experiment],
    config: StudyConfig,
    listeners: Listeners,
    early: EarlyWorkers,
    kept: KeptRecords,
) -> Iterator[Sequence[Record]]:
    progress, _ = listeners
    told = ToldFolds(kept)
    for experiment in experiments:
        yield from _alone(told.new(folds(experiment, told.untold(experiment))))
    if config.references:
        yield from _alone(references(experiments, config.jobs, progress, config.training_seconds, kept.references))
    cells = [(backend, device) for backend in config.backends for device in config.devices]
    available = sum(unavailable_reason(backend) is None for backend, _ in cells)
    shared = _Shared(
        listeners,
        told,
        early,
        TrainingBudget(config.training_seconds, available),
        TimingBudget(config.timing_seconds, available * len(experiments) * len(config.timed_threads)),
    )
    for backend, device in cells:
        if (reason := unavailable_reason(backend)) is not None:
            yield from _alone(kept.new_absences(_absences(experiments, backend, device, reason)))
            continue
        if device != "cpu" and (reason := _unusable_reason(backend, device, config)) is not None:
            yield from _alone(kept.new_absences(_absences(experiments, backend, device, reason)))
            continue
        yield from _cell(experiments, backend, device, config, shared)


def _alone(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    """Each for itself."""
    return ((record,) for record in records)


def _absences(experiments: Sequence[Experiment], backend: str, device: str, reason: str) -> Iterator[NotMeasured]:
    return (NotMeasured(experiment.dataset.slug, backend, device, reason) for experiment in experiments)


def _unusable_reason(backend: str, device: str, config: StudyConfig) -> str | None:
    with Workers(backend, device, 1, 1, gpus=config.gpus_on(device)) as workers:
        return unusable_device_reason(workers)


def _cell(
    experiments: Sequence[Experiment],
    backend: str,
    device: str,
    config: StudyConfig,
    shared: _Shared,
) -> Iterator[Sequence[Record]]:
    """One backend on one device: all fits, then all timing on one worker of this machine, alone, then memory."""
    plans = [plan(experiment, backend, device, config.engine) for experiment in experiments]
    kept = shared.told.kept
    arms: list[Record] = []
    for experiment in experiments:
        yield from _alone(kept.new_absences(untrained_arms(experiment, backend, device)))
    plans = [planned for planned in plans if planned.arms]
    if not plans:
        return
    for at in plans:
        arms += [*kept.new_arms(at.arms), *kept.new_tuned(at.tuned), *kept.new_searched(at.searched)]
    scored = ScoredModels()
    progress, _ = shared.listeners
    with shared.early.take(backend, device) as workers:
        # Asked only by who begins: one that goes on with what is complete need not wait for any import.
        if arms and (reason := unloadable_reason(workers)) is not None:
            yield from _alone(kept.new_absences(_absences(experiments, backend, device, reason)))
            return
        yield from _alone(arms)
        spent = kept.training_seconds(backend, device) / config.jobs_on(device)
        seconds = shared.training.next_share() - spent
        began = time.monotonic()
        trained = train_in_rounds(plans, workers, config, scored, seconds, shared.told, shared.listeners)
        yield from _alone(record for record in trained if not kept.has(record))
        shared.training.spend(spent + time.monotonic() - began)
    if not config.measures:
        return
    plans = [scored.plans[planned.experiment.dataset.slug] for planned in plans]  # on as many rows as were come to
    yield from timings(
        plans,
        config=config,
        scored=scored,
        timing_budget=shared.timing,
        kept=kept,
        progress=progress,
    )
    if config.timing_seconds > 0:
        yield from _alone(footprints(plans, config, scored, kept, progress))  # never beside the clocks
