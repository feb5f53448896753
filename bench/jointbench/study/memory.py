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


def saved_sizes(workers: Workers, plans: Sequence[Plan], scored: ScoredModels) -> dict[str, dict[str, int]]:
    """Bytes of the saved networks of each arm, by dataset and arm; an arm with a failed network has none."""
    sizes = {}
    for experiment, made, networks in plans:
        by_id = {network.id: network for network in networks}
        arms = {a.arm.name: trained for a in made if (trained := _trained(experiment, a, by_id, scored)) is not None}
        try:
            sizes[experiment.dataset.slug] = workers.submit(saved_bytes, arms).result()
        except Exception:  # noqa: BLE001 - whatever broke in the worker, the records of its arms say that there is no size
            break
    return sizes


def footprints(
    plans: Sequence[Plan],
    config: StudyConfig,
    scored: ScoredModels,
    sizes: Mapping[str, Mapping[str, int]],
    progress: Progress,
) -> Iterator[Memory]:
    """A record for every arm. Peaks only of the largest ``memory_datasets``; each process is a new one, ``jobs`` at a time."""
    largest = sorted(plans, key=lambda plan: -_table(plan[0]))[: config.memory_datasets]
    chosen = {experiment.dataset.slug for experiment, _, _ in largest}
    total, done = sum(len(made) for _, made, _ in largest), 0
    for experiment, made, networks in plans:
        slug = experiment.dataset.slug
        saved = sizes.get(slug, {})
        reason = peak_unavailable_reason() if slug in chosen else _left_out(len(chosen))
        if reason is not None:
            yield from (_memory(planned, saved, None, None, reason) for planned in made)
            continue
        by_id = {network.id: network for network in networks}
        with ThreadPoolExecutor(config.jobs) as pool:
            waiting = [
                (
                    planned,
                    pool.submit(_training, experiment, planned, by_id, config.threads),
                    pool.submit(_serving, experiment, planned, by_id, scored, config),
                )
                for planned in made
            ]
            for planned, training, serving in waiting:
                trained, served = training.result(), serving.result()
                yield _memory(
                    planned,
                    saved,
                    trained if isinstance(trained, Peak) else None,
                    served if isinstance(served, Peak) else None,
                    next((said for said in (trained, served) if isinstance(said, str)), None),
                )
                done += 1
                progress(f"{planned.backend} {planned.device}: memory", slug, done, total)


def _table(experiment: Experiment) -> int:
    """Numbers in the dataset's table."""
    return experiment.dataset.rows * int(np.prod(experiment.input_shape))


def _left_out(measured: int) -> str:
    if not measured:
        return "this profile measures no peak memory"
    return f"this profile measures peak memory on {measured} dataset{'s' if measured > 1 else ''}, the largest"


def _memory(
    planned: PlannedArm, saved: Mapping[str, int], training: Peak | None, serving: Peak | None, reason: str | None
) -> Memory:
    size = saved.get(planned.arm.name)
    return Memory(
        dataset=planned.dataset,
        backend=planned.backend,
        device=planned.device,
        arm=planned.arm.name,
        artifact_bytes=size,
        training=training,
        serving=serving,
        reason=FAILED if reason is None and size is None else reason,
    )


def _ids(planned: PlannedArm) -> tuple[str, ...]:
    """The arm's networks of the first split and seed."""
    return planned.network_ids[: len(planned.arm.groups)]


def _trained(
    experiment: Experiment, planned: PlannedArm, networks: Mapping[str, Network], scored: ScoredModels
) -> Networks | None:
    """The networks with the weights they were scored with; None when one of them failed."""
    ids = _ids(planned)
    if not all(network_id in scored.weights for network_id in ids):
        return None
    return [(experiment.architecture(networks[network_id]), scored.weights[network_id]) for network_id in ids]


def _training(experiment: Experiment, planned: PlannedArm, networks: Mapping[str, Network], threads: int) -> Peak | str:
    """The peak of training, or why there is none."""
    first = experiment.splits[0]
    ready = prepared_split(experiment, first.repeat, first.fold)
    jobs = [job(experiment, networks[network_id], ready) for network_id in _ids(planned)]
    try:
        with Workers(planned.backend, planned.device, threads, 1) as fresh:
            baseline = fresh.submit(baseline_bytes).result()
            return Peak(baseline, *fresh.submit(training_peak, jobs).result())
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)


def _serving(
    experiment: Experiment,
    planned: PlannedArm,
    networks: Mapping[str, Network],
    scored: ScoredModels,
    config: StudyConfig,
) -> Peak | str:
    """The peak of serving the largest batch, or why there is none."""
    trained = _trained(experiment, planned, networks, scored)
    if trained is None:
        return FAILED
    first = experiment.splits[0]
    rows = prepared_split(experiment, first.repeat, first.fold).features[first.test]
    try:
        with Workers(planned.backend, planned.device, config.threads, 1) as fresh:
            baseline = fresh.submit(baseline_bytes).result()
            return Peak(baseline, *fresh.submit(serving_peak, trained, rows, max(config.batch_sizes)).result())
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)
