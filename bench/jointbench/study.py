"""The only orchestration: fit every planned network, time every planned pair, give every record as it comes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from joblib import Parallel, delayed

from jointbench.backends.base import Backend, Job, Stacked, Trained
from jointbench.backends.registry import why_absent
from jointbench.backends.stacking import MEMORY_BUDGET_BYTES
from jointbench.data.preprocess import Prepared, in_units, prepare
from jointbench.measure.clock import Paired
from jointbench.measure.flops import train_flops_per_row
from jointbench.measure.quality import no_skill_error, score
from jointbench.measure.reference import LINEAR, TREES, reference_predictions
from jointbench.plan import Subject, assemblies, job
from jointbench.timing import TRAINING_STEPS, Bundle, time_requests, time_training
from jointbench.types import (
    TWIN,
    Absence,
    Assembly,
    ColdStart,
    Engine,
    Fit,
    FloatArray,
    Fold,
    Network,
    Output,
    Record,
    Reference,
    Score,
    Split,
    Stack,
    Timing,
    Weights,
)
from jointbench.workers import Workers, import_seconds

Progress = Callable[[str, str, int, int], None]
"""Called as work finishes with the phase, what it is busy with, and how much of the phase is done of how much."""


FEWEST_SHARES = 6  # a study of few cells does not spend the whole timing budget on them
TABLE_BYTES = 256 * 2**20  # of features that one task carries to its worker


@dataclass(frozen=True)
class Conditions:
    """Where and how a study runs: what does not change what is trained."""

    backends: tuple[str, ...]
    devices: tuple[str, ...]
    engine: Engine
    jobs: int
    threads: int
    batch_sizes: tuple[int, ...]
    timing_seconds: float


@dataclass
class _Kept:
    """Trained weights of the first split and seed: the models that were scored are the models that are timed."""

    weights: dict[str, Weights] = field(default_factory=dict)


def run(subjects: Sequence[Subject], conditions: Conditions, progress: Progress) -> Iterator[Record]:
    """Every record of a study, as it is made."""
    for count, subject in enumerate(subjects, start=1):
        yield from evidence(subject, conditions.jobs)
        progress("reference models", subject.dataset.slug, count, len(subjects))
    cells = [(backend, device) for backend in conditions.backends for device in conditions.devices]
    for backend, device in cells:
        if (reason := why_absent(backend)) is not None:
            for subject in subjects:
                yield Absence(subject.dataset.slug, backend, device, reason)
            continue
        yield from _cell(subjects, backend, device, conditions, len(cells), progress)


def evidence(subject: Subject, jobs: int) -> Iterator[Record]:
    """What every arm is scored against: the folds with their no-skill errors, and the reference models."""
    dataset = subject.dataset
    observed = np.stack([dataset.targets[output.name] for output in dataset.outputs], axis=1)
    weights = (~np.isnan(observed)).astype(np.float64)
    for split in subject.splits:
        no_skill = []
        for column, output in enumerate(dataset.outputs):
            train, test = (rows[weights[rows, column] > 0] for rows in (split.train, split.test))
            no_skill.append(no_skill_error(output, observed[train, column], observed[test, column]))
        yield Fold(
            dataset.slug, split.repeat, split.fold, split.folds, split.seed, split.digest,
            tuple(output.name for output in dataset.outputs), len(split.train), len(split.validation),
            split.test, np.nan_to_num(observed[split.test]), weights[split.test], tuple(no_skill),
        )
        prepared = _prepared_split(subject, split.repeat, split.fold)
        yield from Parallel(n_jobs=jobs)(
            delayed(_reference)(dataset.slug, split, model, output, column, observed[:, column], prepared, no_skill[column])
            for column, output in enumerate(dataset.outputs)
            for model in (LINEAR, TREES)
        )


def _reference(
    slug: str, split: Split, model: str, output: Output, column: int, values: FloatArray, prepared: Prepared, no_skill: float
) -> Reference:
    mean, scale = prepared.mean[column], prepared.scale[column]
    raw = reference_predictions(
        model, output, prepared.features, (values - mean) / scale, split.train, split.validation, split.test
    )
    known = ~np.isnan(values[split.test])
    predicted = raw * scale + mean if output.kind == "regression" else raw
    return Reference(
        slug, split.repeat, split.fold, model, output.name,
        score(output, values[split.test][known], predicted[known], no_skill),
    )


def _cell(
    subjects: Sequence[Subject], backend: str, device: str, conditions: Conditions, cells: int, progress: Progress
) -> Iterator[Record]:
    """One backend on one device: all fits on ``jobs`` workers, then all timing on one worker, alone."""
    plans = [(subject, *assemblies(subject, backend, device, conditions.engine)) for subject in subjects]
    for _, made, _ in plans:
        yield from made
    kept = _Kept()
    yield from _train(plans, backend, device, conditions, kept, progress)
    if conditions.timing_seconds <= 0:
        return
    share = conditions.timing_seconds / max(cells * len(subjects), FEWEST_SHARES)
    with Workers(backend, device, conditions.threads, 1) as workers:
        for count, (subject, made, networks) in enumerate(plans, start=1):
            yield from _timings(workers, subject, made, networks, kept, conditions, share)
            progress(f"{backend} {device}: timing", subject.dataset.slug, count, len(plans))


def _timed_ids(subject: Subject, made: Iterable[Assembly]) -> set[str]:
    """Ids of the networks of the first split and seed, in every arm."""
    return {network_id for assembly in made for network_id in assembly.network_ids[: len(assembly.arm.groups)]}


Plan = tuple[Subject, list[Assembly], list[Network]]


def _train(
    plans: Sequence[Plan], backend: str, device: str, conditions: Conditions, kept: _Kept, progress: Progress
) -> Iterator[Record]:
    """Fits as they finish, from ``jobs`` workers that are never more than one task ahead, so that few arrays wait."""
    tasks = [
        (subject, _timed_ids(subject, made), task)
        for subject, made, networks in plans
        for task in tasks_of(subject, networks, conditions.engine)
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


def _results(
    future: Future[tuple[Stacked, float]], subject: Subject, timed: set[str], task: Sequence[Network], engine: Engine, kept: _Kept
) -> Iterator[Record]:
    """The records of a finished task. A worker that died took its networks with it, as failures."""
    try:
        stacked, seconds = future.result()
    except BrokenProcessPool:
        for network in task:
            yield Fit(network, failure="the worker process died (out of memory?)")
        return
    if engine != "stock":
        first = task[0]
        yield Stack(
            first.dataset, first.backend, first.device, tuple(network.id for network in task), stacked.slots,
            stacked.compilations, MEMORY_BUDGET_BYTES, seconds,
        )
    for network, trained in zip(task, stacked.trained, strict=True):
        if network.id in timed and trained.failure is None:
            kept.weights[network.id] = trained.weights
        yield _fit(subject, network, trained, _prepared(subject, network))


def tasks_of(subject: Subject, networks: Sequence[Network], engine: Engine) -> list[list[Network]]:
    """What one worker trains at a time: a network alone, or all that one program can train together.

    Networks stack when architecture and recipe are equal; a stack is cut where its tables would pass
    TABLE_BYTES. A function of the study alone, so that a study always makes the same stacks.
    """
    if engine == "stock":
        return [[network] for network in networks]
    stacks: dict[object, list[Network]] = {}
    for network in networks:
        stacks.setdefault((subject.architecture(network), network.recipe), []).append(network)
    table = subject.dataset.rows * int(np.prod(subject.input_shape)) * 4
    splits = max(1, TABLE_BYTES // table)
    cut: list[list[Network]] = []
    for stack in stacks.values():
        keys = list(dict.fromkeys((network.repeat, network.fold) for network in stack))
        for start in range(0, len(keys), splits):
            chosen = set(keys[start : start + splits])
            cut.append([network for network in stack if (network.repeat, network.fold) in chosen])
    return cut


@lru_cache(maxsize=16)
def _prepared_split(subject: Subject, repeat: int, fold: int) -> Prepared:
    return prepare(subject.dataset, next(s for s in subject.splits if (s.repeat, s.fold) == (repeat, fold)))


def _prepared(subject: Subject, network: Network) -> Prepared:
    return _prepared_split(subject, network.repeat, network.fold)


def _fit_stock(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return Stacked(tuple(backend.fit(one) for one in jobs), 1, 0), time.perf_counter() - started


def _fit_stacked(backend: Backend, jobs: Sequence[Job]) -> tuple[Stacked, float]:
    started = time.perf_counter()
    return backend.fit_stacked(jobs), time.perf_counter() - started


def _fit(subject: Subject, network: Network, trained: Trained, prepared: Prepared) -> Fit:
    """The record of a fit: what was trained, scored on the test rows whose label is known."""
    architecture = subject.architecture(network)
    per_row = train_flops_per_row([architecture])
    scores = _scores(subject, network, trained, prepared) if trained.failure is None else ()
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


def _scores(subject: Subject, network: Network, trained: Trained, prepared: Prepared) -> tuple[Score, ...]:
    split = next(s for s in subject.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    outputs, columns = subject.outputs(network.group), subject.columns(network.group)
    made = []
    for output, predicted in zip(outputs, in_units(trained.predictions, outputs, columns, prepared), strict=True):
        values = subject.dataset.targets[output.name]
        known = ~np.isnan(values[split.test])
        train = values[split.train]
        no_skill = no_skill_error(output, train[~np.isnan(train)], values[split.test][known])
        made.append(score(output, values[split.test][known], predicted[known], no_skill))
    return tuple(made)


def _bundle(subject: Subject, assembly: Assembly, networks: Mapping[str, Network], kept: _Kept) -> Bundle:
    """An arm's networks of the first split and seed. Raises KeyError when one of them failed."""
    ids = assembly.network_ids[: len(assembly.arm.groups)]
    ready = prepare(subject.dataset, subject.splits[0])
    jobs = [job(subject, networks[network_id], ready) for network_id in ids]
    built = [one.architecture for one in jobs]
    counts = Counter(built)
    distinct = dict(zip(built, jobs, strict=True))
    return Bundle(
        tuple(distinct.values()),
        tuple(counts[architecture] for architecture in distinct),
        tuple((architecture, kept.weights[network_id]) for architecture, network_id in zip(built, ids, strict=True)),
    )


def _timings(
    workers: Workers,
    subject: Subject,
    made: Sequence[Assembly],
    networks: Sequence[Network],
    kept: _Kept,
    conditions: Conditions,
    budget_seconds: float,
) -> Iterator[Record]:
    """Training and request timings of all arms of a dataset against each other, with the first arm's twin."""
    slug, backend, device = subject.dataset.slug, made[0].backend, made[0].device
    by_id = {network.id: network for network in networks}
    bundles = {}
    for assembly in made:
        try:
            bundles[assembly.arm.name] = _bundle(subject, assembly, by_id, kept)
        except KeyError:
            yield Absence(slug, backend, device, f"arm {assembly.arm.name} not timed: one of its networks failed")
    if not bundles:
        return
    first = next(iter(bundles))
    bundles[TWIN] = bundles[first]
    batch = subject.recipe.batch_size
    try:
        cold_import = workers.submit(import_seconds).result()
        training = workers.submit(time_training, bundles, budget_seconds / 2).result()
        test = subject.splits[0].test
        rows = prepare(subject.dataset, subject.splits[0]).features[test]
        requests = workers.submit(time_requests, bundles, rows, conditions.batch_sizes, budget_seconds / 2).result()
    except BrokenProcessPool:
        yield Absence(slug, backend, device, "not timed: the timing worker died (out of memory?)")
        return
    for name, (build, first_call) in training.cold.items():
        yield ColdStart(slug, backend, device, name, cold_import, build, first_call)

    def timing(scenario: str, batch_size: int, steps: int, samples: Paired, load: float) -> Timing:
        return Timing(
            slug, backend, device, "training" if scenario == "training" else "request", batch_size, conditions.threads,
            tuple(bundles), samples.block, steps, samples.order, samples.seconds, load,
        )

    yield timing("training", batch, TRAINING_STEPS, training.samples, training.load)
    for batch_size, (samples, load) in requests.items():
        yield timing("request", batch_size, 1, samples, load)
