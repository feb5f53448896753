"""The only orchestration: fit every planned network, time every planned pair, give every record as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from joblib import Parallel, delayed

from jointbench.backends.registry import why_absent
from jointbench.conditions import Conditions, Kept, Progress
from jointbench.data.preprocess import Prepared
from jointbench.fitting import prepared_split, train
from jointbench.footprint import footprints, saved_sizes
from jointbench.measure.clock import Paired
from jointbench.measure.quality import no_skill_error, score
from jointbench.measure.reference import LINEAR, TREES, reference_predictions
from jointbench.plan import Subject, assemblies, job
from jointbench.timing import TRAINING_STEPS, Bundle, time_requests, time_training
from jointbench.types import (
    TWIN,
    Absence,
    Assembly,
    ColdStart,
    FloatArray,
    Fold,
    Network,
    Output,
    Record,
    Reference,
    Split,
    Timing,
)
from jointbench.workers import Workers, import_seconds, why_unusable

FEWEST_SHARES = 6  # a study of few cells does not spend the whole timing budget on them


def run(subjects: Sequence[Subject], conditions: Conditions, progress: Progress) -> Iterator[Record]:
    """Every record of a study, as it is made."""
    for count, subject in enumerate(subjects, start=1):
        yield from evidence(subject, conditions.jobs, references=conditions.references)
        progress("reference models", subject.dataset.slug, count, len(subjects))
    cells = [(backend, device) for backend in conditions.backends for device in conditions.devices]
    for backend, device in cells:
        if (reason := why_absent(backend)) is not None:
            for subject in subjects:
                yield Absence(subject.dataset.slug, backend, device, reason)
            continue
        if device != "cpu" and (reason := _why_unusable(backend, device)) is not None:
            for subject in subjects:
                yield Absence(subject.dataset.slug, backend, device, reason)
            continue
        yield from _cell(subjects, backend, device, conditions, len(cells), progress)


def _why_unusable(backend: str, device: str) -> str | None:
    """Why this framework cannot use the accelerator that the machine has, asked of the framework itself."""
    with Workers(backend, device, 1, 1) as workers:
        return workers.submit(why_unusable).result()


def evidence(subject: Subject, jobs: int, *, references: bool = True) -> Iterator[Record]:
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
        if not references:
            continue
        prepared = prepared_split(subject, split.repeat, split.fold)
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
    """One backend on one device: all fits on ``jobs`` workers, then all timing on one worker, alone, then memory."""
    plans = [(subject, *assemblies(subject, backend, device, conditions.engine)) for subject in subjects]
    for _, made, _ in plans:
        yield from made
    kept = Kept()
    yield from train(plans, backend, device, conditions, kept, progress)
    if conditions.timing_seconds <= 0:
        return
    share = conditions.timing_seconds / max(cells * len(subjects), FEWEST_SHARES)
    with Workers(backend, device, conditions.threads, 1) as workers:
        for count, (subject, made, networks) in enumerate(plans, start=1):
            yield from _timings(workers, subject, made, networks, kept, conditions, share)
            progress(f"{backend} {device}: timing", subject.dataset.slug, count, len(plans))
        sizes = saved_sizes(workers, plans, kept)
    yield from footprints(plans, conditions, kept, sizes, progress)  # after the clocks, never beside them


def _first_prepared(subject: Subject) -> Prepared:
    """The arrays of the split whose networks are timed: the ones that training has already prepared."""
    first = subject.splits[0]
    return prepared_split(subject, first.repeat, first.fold)


def _bundle(subject: Subject, assembly: Assembly, networks: Mapping[str, Network], kept: Kept) -> Bundle:
    """An arm's networks of the first split and seed. Raises KeyError when one of them failed."""
    ids = assembly.network_ids[: len(assembly.arm.groups)]
    ready = _first_prepared(subject)
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
    kept: Kept,
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
        rows = _first_prepared(subject).features[test]
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
