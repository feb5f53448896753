"""Timing every arm that was fitted: what is timed on which worker, on what budget, and the record of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

import numpy as np

from jointbench.benchmarks.requests import LatencyCase, time_requests
from jointbench.benchmarks.training_steps import Budget, SampleSet, TimedArm, TimedFit, time_to_stop, time_training
from jointbench.data.preprocess import Prepared
from jointbench.records import (
    AA_CONTROL,
    SEQUENTIAL,
    SINGLE_OUTPUT,
    ColdStart,
    ExecutionMode,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Scenario,
    Timing,
    Variant,
)
from jointbench.runtime.workers import Workers, failure_reason, import_seconds
from jointbench.study.budget import TimingBudget
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.memory import saved_sizes
from jointbench.study.plan import Experiment, Plan, job, prepared_split
from jointbench.types import Network

PATHS = get_args(ExecutionMode)
TRAINING_SHARE = 0.65  # of a dataset's time; requests get what training leaves


def timings(
    plans: Sequence[Plan],
    backend: str,
    device: str,
    config: StudyConfig,
    scored: ScoredModels,
    timing_budget: TimingBudget,
    progress: Progress,
) -> Iterator[Record]:
    """All timing of one backend on one device: one worker for each thread count, alone on the machine."""
    for threads in config.timed_threads:
        started = time.monotonic()
        with Workers(backend, device, threads, 1) as workers:
            workers.submit(import_seconds).result()
            timing_budget.spend(time.monotonic() - started)
            for count, (experiment, made, networks) in enumerate(plans, start=1):
                started = time.monotonic()
                extras = config.extras == "all" or (config.extras == "first" and count == 1)
                cell = ArmTimer(workers, experiment, made, networks, scored, config, threads, extras)
                if config.timing_seconds > 0:
                    yield from cell.records(timing_budget.next_share())
                timing_budget.spend(time.monotonic() - started, 1)
                if count <= config.projections and threads == config.timed_threads[0]:
                    yield from cell.projections()
                progress(f"{backend} {device}: timing", experiment.dataset.slug, count, len(plans))
            if not scored.saved:
                scored.saved = saved_sizes(workers, plans, scored)


def first_prepared(experiment: Experiment) -> Prepared:
    """The arrays of the split whose networks are timed: the ones that training has already prepared."""
    first = experiment.splits[0]
    return prepared_split(experiment, first.repeat, first.fold)


def timed_arm(
    experiment: Experiment, planned: PlannedArm, networks: Mapping[str, Network], scored: ScoredModels
) -> TimedArm:
    """An arm's networks of the first split and seed. Raises KeyError when one of them failed."""
    ids = planned.network_ids[: len(planned.arm.groups)]
    ready = first_prepared(experiment)
    jobs = [job(experiment, networks[network_id], ready) for network_id in ids]
    built = [one.architecture for one in jobs]
    counts = Counter(built)
    distinct = dict(zip(built, jobs, strict=True))
    first_output = experiment.dataset.outputs[0].name
    network = next(i for i, group in enumerate(planned.arm.groups) if first_output in group)
    head = [output.name for output in experiment.outputs(planned.arm.groups[network])].index(first_output)
    return TimedArm(
        tuple(distinct.values()),
        tuple(counts[architecture] for architecture in distinct),
        tuple((architecture, scored.weights[network_id]) for architecture, network_id in zip(built, ids, strict=True)),
        tuple(scored.answers[network_id] for network_id in ids),
        (network, head),
    )


def rounds(config: StudyConfig, extras: bool) -> list[LatencyCase]:
    """The sets of request samples: every batch size in turn, the other paths at fewer of them, `predict` once."""
    made = []
    for size in config.batch_sizes:
        others: tuple[ExecutionMode, ...] = ("fused", SINGLE_OUTPUT, *(("compiled",) if extras else ()))
        made.append(LatencyCase(size, (SEQUENTIAL, *(others if size in config.extra_batch_sizes else ()))))
    return (
        [*made, LatencyCase(min(config.batch_sizes), (SEQUENTIAL, "predict"), first_arm_only=True)] if extras else made
    )


class ArmTimer:
    """One dataset's arms on one worker."""

    def __init__(
        self,
        workers: Workers,
        experiment: Experiment,
        made: Sequence[PlannedArm],
        networks: Sequence[Network],
        scored: ScoredModels,
        config: StudyConfig,
        threads: int,
        extras: bool,
    ) -> None:
        self.workers, self.experiment, self.config, self.threads, self.extras = (
            workers,
            experiment,
            config,
            threads,
            extras,
        )
        self.dataset, self.backend, self.device = experiment.dataset.slug, made[0].backend, made[0].device
        by_id = {network.id: network for network in networks}
        self.timed_arms: dict[str, TimedArm] = {}
        self.failed: list[str] = []
        for planned in made:
            try:
                self.timed_arms[planned.arm.name] = timed_arm(experiment, planned, by_id, scored)
            except KeyError:
                self.failed.append(f"failed: arm {planned.arm.name} is not timed, because one of its networks failed")

    def records(self, budget: Budget) -> Iterator[Record]:
        """Training and request timings of all arms against each other, with the first arm's twin."""
        yield from (NotMeasured(self.dataset, self.backend, self.device, reason) for reason in self.failed)
        if not self.timed_arms:
            return
        # The twin comes before the last arms, which go without timing where set-up takes too long.
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
            yield NotMeasured(self.dataset, self.backend, self.device, f"not timed: {failure_reason(error)}")

    def _measured(self, timed_arms: Mapping[str, TimedArm], budget: Budget) -> Iterator[Record]:
        started = time.monotonic()
        cold_import = self.workers.submit(import_seconds).result()
        paths: tuple[ExecutionMode, ...] = ("stock loop", "engine") if self.extras else ("stock loop",)
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
                )
        yield from self._takes("training", self.experiment.recipe.batch_size, training.sample_sets)
        yield from self._untimed("training", training.untimed.items())
        left = max(budget.total - (time.monotonic() - started), budget.total * (1 - TRAINING_SHARE))
        samples = min(left, budget.samples * (1 - TRAINING_SHARE))
        rows = first_prepared(self.experiment).features[self.experiment.splits[0].test]
        asked = rounds(self.config, self.extras)
        timed = self.workers.submit(time_requests, timed_arms, rows, asked, Budget(left, samples)).result()
        for one in timed:
            yield from self._takes("request", one.batch_size, one.sample_sets)
        yield from self._untimed("requests", [item for one in timed for item in one.untimed.items()])

    def _takes(self, scenario: Scenario, batch_size: int, sample_sets: Sequence[SampleSet]) -> Iterator[Timing]:
        for number, sample_set in enumerate(sample_sets):
            samples = sample_set.samples
            # The turns' order is drawn; the record names the arms as they were given, the one with the twin first.
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
                    take=number,
                )

    def _untimed(self, what: str, untimed: Iterable[tuple[Variant, str]]) -> Iterator[NotMeasured]:
        """One sentence for each reason, with everyone it holds for."""
        paths: dict[tuple[str, ExecutionMode], list[str]] = {}
        for who, reason in dict.fromkeys(untimed):
            if who.arm != AA_CONTROL:
                paths.setdefault((reason, who.path), []).append(who.arm)
        for reason in dict.fromkeys(reason for reason, _ in paths):
            said = "; ".join(f"{path}: {', '.join(arms)}" for (why, path), arms in paths.items() if why == reason)
            at = f"at {self.threads} thread{'s' if self.threads > 1 else ''}"
            yield NotMeasured(
                self.dataset, self.backend, self.device, f"not timed: {what} {at} ({said}), because {reason}"
            )

    def projections(self) -> Iterator[Record]:
        """Every arm's full training, really timed, beside what its steady steps foretell."""
        for name, one in self.timed_arms.items():
            fits: list[TimedFit] = []
            try:
                for each, count in zip(one.jobs, one.counts, strict=True):
                    fits += [self.workers.submit(time_to_stop, each).result()] * count
            except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
                yield NotMeasured(
                    self.dataset,
                    self.backend,
                    self.device,
                    f"failed: the whole training of {name} was not timed: {failure_reason(error)}",
                )
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
