"""Memory that arms take: the bytes of their saved networks, and the peaks of training and serving in new processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.benchmarks.memory import Networks, saved_bytes, serving_peak, training_peak
from jointbench.measure.process_memory import peak_unavailable_reason
from jointbench.records import Memory, Peak, PlannedArm
from jointbench.runtime.workers import Workers, failure_reason, start_bytes
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.kept import KeptRecords
from jointbench.study.phases import memory_phase
from jointbench.study.plan import Experiment, Plan, job
from jointbench.study.prepared_tables import first_prepared
from jointbench.study.served import served_arm
from jointbench.study.timed_networks import first_ids
from jointbench.types import Float32Array

FAILED = "one of its networks failed"


def saved_sizes(workers: Workers, plans: Sequence[Plan], scored: ScoredModels) -> dict[str, dict[str, int]]:
    """Bytes of the saved networks of each arm, by dataset and arm; an arm with a failed network has none."""
    sizes = {}
    for plan in plans:
        arms = {arm.arm.name: trained for arm in plan.arms if (trained := _trained(plan, arm, scored)) is not None}
        try:
            sizes[plan.experiment.dataset.slug] = workers.submit(saved_bytes, arms).result()
        except Exception:  # noqa: BLE001, S112 - whatever broke, the records of this dataset's arms have no size
            continue
    return sizes


def footprints(
    plans: Sequence[Plan],
    config: StudyConfig,
    scored: ScoredModels,
    kept: KeptRecords,
    progress: Progress,
) -> Iterator[Memory]:
    """A record for every arm that has none. Peaks only on the largest ``memory_datasets``, in new processes, on the CPU ``jobs`` at a time."""
    largest = sorted(plans, key=lambda plan: -_table_numbers(plan.experiment))[: config.memory_datasets]
    chosen = {plan.experiment.dataset.slug for plan in largest}
    total = sum(len(plan.arms) for plan in largest)
    done = total - sum(len(kept.unweighed(plan.arms)) for plan in largest)
    if total:
        progress(memory_phase(plans[0].arms[0].backend, plans[0].arms[0].device), "", done, total)
    for plan in plans:
        slug, arms = plan.experiment.dataset.slug, kept.unweighed(plan.arms)
        if not arms:
            continue
        saved = scored.saved.get(slug, {})
        reason = peak_unavailable_reason() if slug in chosen else _left_out(len(chosen))
        if reason is not None:
            yield from (_memory(planned, saved, None, None, reason) for planned in arms)
            continue
        backend, device = plan.arms[0].backend, plan.arms[0].device
        count, gpus = config.weighing_jobs_on(device), config.gpus_on(device)[:1]
        with Workers(backend, device, config.threads, count, fresh=True, gpus=gpus) as workers:
            waiting = [
                (planned, _training(workers, plan, planned), _serving(workers, plan, planned, scored, config))
                for planned in arms
            ]
            for planned, training, serving in waiting:
                results = _outcome(training), _outcome(serving)
                trained, served = (result if isinstance(result, Peak) else None for result in results)
                failure = next((result for result in results if isinstance(result, str)), None)
                yield _memory(planned, saved, trained, served, failure)
                done += 1
                progress(memory_phase(backend, device), slug, done, total)


def _table_numbers(experiment: Experiment) -> int:
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


def _trained(plan: Plan, planned: PlannedArm, scored: ScoredModels) -> Networks | None:
    """The networks with the weights they were scored with; None when one of them failed."""
    try:
        return served_arm(plan, planned, scored)
    except KeyError:
        return None


def _training(workers: Workers, plan: Plan, planned: PlannedArm) -> Future[Peak]:
    """The peak of training."""
    prepared = first_prepared(plan.experiment)
    jobs = [job(plan.experiment, plan.by_id[network_id], prepared) for network_id in first_ids(planned)]
    return workers.submit(_training_peak, jobs)


def _training_peak(backend: Backend, jobs: Sequence[Job]) -> Peak:
    return Peak(start_bytes(backend), *training_peak(backend, jobs))


def _serving(
    workers: Workers, plan: Plan, planned: PlannedArm, scored: ScoredModels, config: StudyConfig
) -> Future[Peak] | None:
    """The peak of serving the largest batch; None when one of the networks failed."""
    trained = _trained(plan, planned, scored)
    if trained is None:
        return None
    rows = first_prepared(plan.experiment).features[plan.experiment.splits[0].test]
    return workers.submit(_serving_peak, trained, rows, max(config.batch_sizes))


def _serving_peak(backend: Backend, networks: Networks, rows: Float32Array, batch: int) -> Peak:
    return Peak(start_bytes(backend), *serving_peak(backend, networks, rows, batch))


def _outcome(future: Future[Peak] | None) -> Peak | str:
    """The peak, or why there is none."""
    if future is None:
        return FAILED
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)
