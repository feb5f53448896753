"""The joules of the arms of one dataset on one backend and device, as records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jointbench.benchmarks.energy import EnergyCase, EnergyPlan, MeasuredEnergy, measure_energy
from jointbench.benchmarks.training_steps import TimedArm
from jointbench.measure.energy import NoCounter, energy_unavailable_reason
from jointbench.measure.paired_timing import Paired
from jointbench.records import Energy, NotMeasured, Record, Variant
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Plan
from jointbench.study.prepared_tables import first_prepared
from jointbench.types import CellKey


def energies(
    workers: Workers, plan: Plan, timed_arms: Mapping[str, TimedArm], config: StudyConfig, threads: int
) -> Iterator[Record]:
    """Joules of the arms' training and requests, where a counter can be read; where none can, the run's notes say so."""
    cell, experiment = CellKey.of(plan.arms[0]), plan.experiment
    gpu = (*config.gpus_on(cell.device), "")[0]
    if not timed_arms or energy_unavailable_reason(cell.device, gpu) is not None:
        return
    wanted = EnergyPlan(
        device=cell.device,
        gpu=gpu,
        training_batch=experiment.recipe.batch_size,
        batch_sizes=tuple(dict.fromkeys((*config.extra_batch_sizes, *config.batch_sizes))),  # the most asked for first
        seconds=config.energy_seconds,
    )
    rows = first_prepared(experiment).features[experiment.splits[0].test]
    try:
        measured = workers.submit(measure_energy, timed_arms, rows, wanted).result()
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        why = str(error) if isinstance(error, NoCounter) else failure_reason(error)
        reason = f"energy: not measured: {why}"
        yield NotMeasured(cell.dataset, cell.backend, cell.device, reason, threads=threads)
        return
    for case in measured.cases:
        if case.samples is not None:
            yield _record(cell, case, case.samples, measured, (threads, list(timed_arms)))
    for reason in _left_out(measured):
        yield NotMeasured(cell.dataset, cell.backend, cell.device, reason, threads=threads)


def _record(
    cell: CellKey,
    case: EnergyCase,
    samples: Paired[Variant],
    measured: MeasuredEnergy,
    at: tuple[int, Sequence[str]],
) -> Energy:
    """at: the number of threads, and the arms in the order of the plan."""
    threads, arms = at
    variants = tuple(sorted(set(samples.order), key=lambda variant: arms.index(variant.arm)))
    return Energy(
        dataset=cell.dataset,
        backend=cell.backend,
        device=cell.device,
        scenario=case.scenario,
        batch_size=case.batch_size,
        threads=threads,
        source=measured.source,
        update_seconds=measured.update_seconds,
        idle_watts=measured.idle_watts,
        variants=variants,
        block=samples.block,
        order=tuple(variants.index(variant) for variant in samples.order),
        joules=samples.seconds[:, 0],
        seconds=samples.seconds[:, 1],
        load=samples.load,
    )


def _left_out(measured: MeasuredEnergy) -> list[str]:
    """A sentence for each reason, with the arms and the work that it holds for."""
    by_reason: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for case in measured.cases:
        work = "training" if case.scenario == "training" else f"requests of {case.batch_size}"
        for reason in dict.fromkeys(case.left_out.values()):
            arms = tuple(name for name, other in case.left_out.items() if other == reason)
            by_reason.setdefault((reason, arms), []).append(work)
    return [
        f"energy: not measured: {', '.join(work)} ({', '.join(arms)}), because {reason}"
        for (reason, arms), work in by_reason.items()
    ]
