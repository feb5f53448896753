"""Timing every arm that was fitted: which work on which worker, on what budget, and the records of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from types import MappingProxyType
from typing import get_args

import numpy as np

from jointbench.benchmarks.requests import time_requests
from jointbench.benchmarks.training_steps import (
    Budget,
    LeftOut,
    SampleSet,
    TimedArm,
    TimedFit,
    time_to_stop,
    time_training,
)
from jointbench.records import (
    AA_CONTROL,
    ColdStart,
    CopiedBytes,
    ExecutionMode,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Scenario,
    Timing,
    Untimed,
    Variant,
)
from jointbench.runtime.workers import Workers, failure_reason, import_seconds
from jointbench.study.budget import TimingBudget
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.energy import energies
from jointbench.study.kept import KeptRecords
from jointbench.study.latency_cases import latency_cases
from jointbench.study.memory import saved_sizes
from jointbench.study.phases import timing_phase
from jointbench.study.plan import Plan, job
from jointbench.study.prepared_tables import first_prepared
from jointbench.study.served import answers_of_arm, served_arm
from jointbench.study.timed_networks import first_ids
from jointbench.types import CellKey

PATHS = get_args(ExecutionMode)
TRAINING_SHARE = 0.65  # of a dataset's time; requests get what training leaves


def timings(
    plans: Sequence[Plan],
    config: StudyConfig,
    scored: ScoredModels,
    timing_budget: TimingBudget,
    kept: KeptRecords,
    progress: Progress,
) -> Iterator[Sequence[Record]]:
    """All timing of one backend on one device: one worker for each thread count, alone on the machine.

    A plan's records at a thread count come in one piece: whoever goes on with a study finds all of them, or none.
    """
    backend, device = plans[0].arms[0].backend, plans[0].arms[0].device
    phase, cells = timing_phase(backend, device), len(plans) * len(config.timed_threads)
    progress(phase, "", 0, cells)
    unweighed = [plan for plan in plans if kept.unweighed(plan.arms)] if config.timing_seconds > 0 else []
    for before, threads in enumerate(config.timed_threads):
        missing = [(CellKey.of(plan.arms[0]), threads) not in kept.timed for plan in plans]
        if not any(missing) and (scored.saved or not unweighed):
            for _ in plans:
                timing_budget.spend(timing_budget.next_share().total, 1)
            continue
        started = time.monotonic()
        with Workers(backend, device, threads, 1, gpus=config.gpus_on(device)) as workers:
            wait([workers.submit(import_seconds)])  # starts the worker; should that fail, each dataset's timing says so
            timing_budget.spend(time.monotonic() - started)
            for count, (plan, is_missing) in enumerate(zip(plans, missing, strict=True), start=1):
                if not is_missing:
                    timing_budget.spend(timing_budget.next_share().total, 1)  # about what it took
                    continue
                started = time.monotonic()
                extras = config.extras == "all" or (config.extras == "first" and count == 1)
                timer = ArmTimer(workers, plan, scored, config, threads, extras=extras)
                records = list(timer.records(timing_budget.next_share())) if config.timing_seconds > 0 else []
                timing_budget.spend(time.monotonic() - started, 1)
                if count <= config.projections and threads == config.timed_threads[0]:
                    records += timer.projections()
                if count <= config.energy_datasets and threads == config.timed_threads[0] and config.energy_seconds:
                    records += energies(workers, plan, timer.timed_arms, config, threads)
                yield records
                progress(phase, plan.experiment.dataset.slug, before * len(plans) + count, cells)
            if not scored.saved:
                scored.saved = saved_sizes(workers, unweighed, scored)


def timed_arm(plan: Plan, planned: PlannedArm, scored: ScoredModels) -> TimedArm:
    """An arm's networks of the first split and seed. Raises KeyError when one of them failed."""
    experiment, ids = plan.experiment, first_ids(planned)
    prepared = first_prepared(experiment)
    jobs = [job(experiment, plan.by_id[network_id], prepared) for network_id in ids]
    built = [network_job.architecture for network_job in jobs]
    counts = Counter(built)
    distinct = dict(zip(built, jobs, strict=True))
    first_output = experiment.dataset.outputs[0].name
    network = next(i for i, group in enumerate(planned.arm.served) if first_output in group)
    head = [output.name for output in experiment.outputs(planned.arm.served[network])].index(first_output)
    return TimedArm(
        tuple(distinct.values()),
        tuple(counts[architecture] for architecture in distinct),
        served_arm(plan, planned, scored),
        answers_of_arm(planned, scored),
        (network, head),
    )


class ArmTimer:
    """Times one dataset's arms on one worker."""

    def __init__(
        self, workers: Workers, plan: Plan, scored: ScoredModels, config: StudyConfig, threads: int, *, extras: bool
    ) -> None:
        self.workers, self.experiment, self.config = workers, plan.experiment, config
        self.threads, self.extras = threads, extras
        self.dataset, self.backend, self.device = (
            plan.experiment.dataset.slug,
            plan.arms[0].backend,
            plan.arms[0].device,
        )
        self.timed_arms: dict[str, TimedArm] = {}
        self.failed: list[str] = []
        for planned in plan.arms:
            try:
                self.timed_arms[planned.arm.name] = timed_arm(plan, planned, scored)
            except KeyError:
                self.failed.append(f"failed: arm {planned.arm.name} is not timed, because one of its networks failed")

    def records(self, budget: Budget) -> Iterator[Record]:
        """Training and request timings of all arms against each other, with the A/A control of the first."""
        yield from map(self._not_measured, self.failed)
        if not self.timed_arms:
            return
        # The A/A control comes before the last arms, which are not timed where set-up takes too long.
        names = list(self.timed_arms)
        ordered = (
            {name: self.timed_arms[name] for name in names[:2]}
            | {AA_CONTROL: self.timed_arms[names[0]]}
            | self.timed_arms
        )
        self.names = list(ordered)
        try:
            yield from self._measured(ordered, budget)
        except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
            yield self._not_measured(f"not timed: {failure_reason(error)}")

    def _measured(self, timed_arms: Mapping[str, TimedArm], budget: Budget) -> Iterator[Record]:
        started = time.monotonic()
        cold_import = self.workers.submit(import_seconds).result()
        own = any(network.own_trunk for arm in timed_arms.values() for network, _ in arm.networks)
        paths: tuple[ExecutionMode, ...] = ("stock loop", "engine") if self.extras and not own else ("stock loop",)
        if self.extras and own:
            yield self._not_measured("not timed: training by the engine, which cannot stack a trunk of your own")
        part = Budget(budget.total * TRAINING_SHARE, budget.samples * TRAINING_SHARE)
        training = self.workers.submit(time_training, timed_arms, paths, part).result()
        for name, (build, first_call) in training.cold.items():
            if name != AA_CONTROL:
                yield ColdStart(
                    dataset=self.dataset,
                    backend=self.backend,
                    device=self.device,
                    arm=name,
                    import_seconds=cold_import,
                    build_seconds=build,
                    first_call_seconds=first_call,
                    threads=self.threads,
                )
        yield from self._timings("training", self.experiment.recipe.batch_size, training.sample_sets)
        yield from self._untimed("training", [(self.experiment.recipe.batch_size, training.untimed)])
        left = max(budget.total - (time.monotonic() - started), budget.total * (1 - TRAINING_SHARE))
        samples = min(left, budget.samples * (1 - TRAINING_SHARE))
        rows = first_prepared(self.experiment).features[self.experiment.splits[0].test]
        cases = latency_cases(self.config, self.extras, self.device)
        timed = self.workers.submit(time_requests, timed_arms, rows, cases, Budget(left, samples)).result()
        for case in timed:
            yield from self._timings("request", case.batch_size, case.sample_sets, case.copied)
        yield from self._untimed("request", [(case.batch_size, case.untimed) for case in timed])

    def _timings(
        self,
        scenario: Scenario,
        batch_size: int,
        sample_sets: Sequence[SampleSet],
        copied: Mapping[Variant, CopiedBytes] = MappingProxyType({}),
    ) -> Iterator[Timing]:
        for take, sample_set in enumerate(sample_sets):
            samples = sample_set.samples
            # The order of turns is random; the record lists the arms as given, the one with the A/A control first.
            variants = tuple(
                sorted(
                    set(samples.order),
                    key=lambda variant: (PATHS.index(variant.path), self.names.index(variant.arm)),
                )
            )
            if variants:
                yield Timing(
                    dataset=self.dataset,
                    backend=self.backend,
                    device=self.device,
                    scenario=scenario,
                    batch_size=batch_size,
                    threads=self.threads,
                    variants=variants,
                    block=samples.block,
                    order=tuple(variants.index(variant) for variant in samples.order),
                    seconds=samples.seconds,
                    load=samples.load,
                    disturbed=sample_set.disturbed,
                    take=take,
                    copied=tuple(copied[variant] for variant in variants) if copied.keys() >= set(variants) else (),
                )

    def _untimed(self, scenario: Scenario, cases: Iterable[tuple[int, Mapping[Variant, LeftOut]]]) -> Iterator[Record]:
        """One sentence for each reason, with the paths and arms that it holds for. cases: with their batch sizes."""
        by_reason: dict[LeftOut, dict[Variant, None]] = {}  # the inner dict is an ordered set
        sizes: dict[LeftOut, dict[int, None]] = {}
        for batch_size, left_out in cases:
            for variant, reason in left_out.items():
                if variant.arm != AA_CONTROL:
                    by_reason.setdefault(reason, {})[variant] = None
                    sizes.setdefault(reason, {})[batch_size] = None
        work = "training" if scenario == "training" else "requests"
        at = f"at {self.threads} thread{'s' if self.threads > 1 else ''}"
        for reason, variants in by_reason.items():
            paths: dict[ExecutionMode, list[str]] = {}
            for variant in variants:
                paths.setdefault(variant.path, []).append(variant.arm)
            listed = "; ".join(f"{path}: {', '.join(arms)}" for path, arms in paths.items())
            untimed = Untimed(
                scenario=scenario,
                threads=self.threads,
                batch_sizes=tuple(sizes[reason]),
                variants=tuple(variants),
                budget_spent=reason.budget_spent,
            )
            yield self._not_measured(f"not timed: {work} {at} ({listed}), because {reason.reason}", untimed)

    def _not_measured(self, reason: str, untimed: Untimed | None = None) -> NotMeasured:
        return NotMeasured(self.dataset, self.backend, self.device, reason, untimed, self.threads)

    def projections(self) -> Iterator[Record]:
        """Every arm's full training, really timed, beside what its steady steps predict."""
        for name, arm in self.timed_arms.items():
            fits: list[TimedFit] = []
            try:
                for network_job, count in zip(arm.jobs, arm.counts, strict=True):
                    fits += [self.workers.submit(time_to_stop, network_job).result()] * count
            except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
                yield self._not_measured(f"failed: the whole training of {name} was not timed: {failure_reason(error)}")
                return
            yield Projection(
                dataset=self.dataset,
                backend=self.backend,
                device=self.device,
                threads=self.threads,
                arm=name,
                steps=sum(fit.steps for fit in fits),
                projected_seconds=float(np.sum([fit.projected_seconds for fit in fits])),
                measured_seconds=float(np.sum([fit.measured_seconds for fit in fits])),
            )
