"""What arms take to keep, to train and to serve: saved bytes of all, peak memory in a fresh process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from jointbench.benchmarks.memory import Networks, baseline_bytes, saved_bytes, serving_peak, training_peak
from jointbench.measure.process_memory import peak_unavailable_reason
from jointbench.records import Memory, Peak, PlannedArm
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.plan import Experiment, Plan, job, prepared_split
from jointbench.types import Network

FAILED = "one of its networks failed"


def saved_sizes(workers: Workers, plans: Sequence[Plan], kept: ScoredModels) -> dict[str, dict[str, int]]:
    """Bytes of the saved networks of each arm, by dataset and arm; an arm with a failed network has none."""
    sizes = {}
    for subject, made, networks in plans:
        by_id = {network.id: network for network in networks}
        arms = {a.arm.name: trained for a in made if (trained := _trained(subject, a, by_id, kept)) is not None}
        try:
            sizes[subject.dataset.slug] = workers.submit(saved_bytes, arms).result()
        except Exception:  # noqa: BLE001 - whatever broke in the worker, the records of its arms say that there is no size
            break
    return sizes


def footprints(
    plans: Sequence[Plan],
    conditions: StudyConfig,
    kept: ScoredModels,
    sizes: Mapping[str, Mapping[str, int]],
    progress: Progress,
) -> Iterator[Memory]:
    """A record for every arm. Peaks only of the largest ``memory_datasets``; each process is a new one, ``jobs`` at a time."""
    largest = sorted(plans, key=lambda plan: -_table(plan[0]))[: conditions.memory_datasets]
    chosen = {subject.dataset.slug for subject, _, _ in largest}
    total, done = sum(len(made) for _, made, _ in largest), 0
    for subject, made, networks in plans:
        slug = subject.dataset.slug
        saved = sizes.get(slug, {})
        reason = peak_unavailable_reason() if slug in chosen else _left_out(len(chosen))
        if reason is not None:
            yield from (_memory(assembly, saved, None, None, reason) for assembly in made)
            continue
        by_id = {network.id: network for network in networks}
        with ThreadPoolExecutor(conditions.jobs) as pool:
            waiting = [
                (
                    assembly,
                    pool.submit(_training, subject, assembly, by_id, conditions.threads),
                    pool.submit(_serving, subject, assembly, by_id, kept, conditions),
                )
                for assembly in made
            ]
            for assembly, training, serving in waiting:
                trained, served = training.result(), serving.result()
                yield _memory(
                    assembly,
                    saved,
                    trained if isinstance(trained, Peak) else None,
                    served if isinstance(served, Peak) else None,
                    next((said for said in (trained, served) if isinstance(said, str)), None),
                )
                done += 1
                progress(f"{assembly.backend} {assembly.device}: memory", slug, done, total)


def _table(subject: Experiment) -> int:
    """Numbers in the dataset's table."""
    return subject.dataset.rows * int(np.prod(subject.input_shape))


def _left_out(measured: int) -> str:
    if not measured:
        return "this profile measures no peak memory"
    return f"this profile measures peak memory on {measured} dataset{'s' if measured > 1 else ''}, the largest"


def _memory(
    assembly: PlannedArm, saved: Mapping[str, int], training: Peak | None, serving: Peak | None, reason: str | None
) -> Memory:
    size = saved.get(assembly.arm.name)
    return Memory(
        dataset=assembly.dataset,
        backend=assembly.backend,
        device=assembly.device,
        arm=assembly.arm.name,
        artifact_bytes=size,
        training=training,
        serving=serving,
        reason=FAILED if reason is None and size is None else reason,
    )


def _ids(assembly: PlannedArm) -> tuple[str, ...]:
    """The arm's networks of the first split and seed."""
    return assembly.network_ids[: len(assembly.arm.groups)]


def _trained(
    subject: Experiment, assembly: PlannedArm, networks: Mapping[str, Network], kept: ScoredModels
) -> Networks | None:
    """The networks with the weights they were scored with; None when one of them failed."""
    ids = _ids(assembly)
    if not all(network_id in kept.weights for network_id in ids):
        return None
    return [(subject.architecture(networks[network_id]), kept.weights[network_id]) for network_id in ids]


def _training(subject: Experiment, assembly: PlannedArm, networks: Mapping[str, Network], threads: int) -> Peak | str:
    """The peak of training, or why there is none."""
    first = subject.splits[0]
    ready = prepared_split(subject, first.repeat, first.fold)
    jobs = [job(subject, networks[network_id], ready) for network_id in _ids(assembly)]
    try:
        with Workers(assembly.backend, assembly.device, threads, 1) as fresh:
            baseline = fresh.submit(baseline_bytes).result()
            return Peak(baseline, *fresh.submit(training_peak, jobs).result())
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)


def _serving(
    subject: Experiment,
    assembly: PlannedArm,
    networks: Mapping[str, Network],
    kept: ScoredModels,
    conditions: StudyConfig,
) -> Peak | str:
    """The peak of serving the largest batch, or why there is none."""
    trained = _trained(subject, assembly, networks, kept)
    if trained is None:
        return FAILED
    first = subject.splits[0]
    rows = prepared_split(subject, first.repeat, first.fold).features[first.test]
    try:
        with Workers(assembly.backend, assembly.device, conditions.threads, 1) as fresh:
            baseline = fresh.submit(baseline_bytes).result()
            return Peak(baseline, *fresh.submit(serving_peak, trained, rows, max(conditions.batch_sizes)).result())
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)
