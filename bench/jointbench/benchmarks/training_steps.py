"""What training costs: optimisation steps of every arm's networks, timed in turns. Runs inside a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

import numpy as np

from jointbench.backends.base import Job, Trainer
from jointbench.backends.batched.program import unstackable_reason
from jointbench.backends.protocols import Backend, TimingBackend
from jointbench.measure.device_clock import device_clock
from jointbench.measure.paired_timing import Paired, paired, visit_count
from jointbench.measure.system_load import disturbed
from jointbench.networks.architecture import Architecture
from jointbench.records import ExecutionMode, Variant
from jointbench.types import Float32Array, Weights

TRAINING_STEPS = 20  # of a visit, at most
FEWEST_STEPS = 2
BLOCKS_WANTED = 24  # more than a quiet ratio needs; a visit is made short enough for them
RETAKE_SHARE = 0.5
STEADY_STEPS = 200
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TimedArm:
    """An arm's trained networks as they are timed: the jobs that trained them, and their final weights.

    counts[i]: how many of the arm's networks have the shape and recipe of jobs[i]; training is timed once for each.
    networks: those that are served. answers: (test rows, units) of each of them, as it was scored. single_output: places of the network and of its head
    that answer a request for one output.
    """

    jobs: tuple[Job, ...]
    counts: tuple[int, ...]
    networks: tuple[tuple[Architecture, Weights], ...]
    answers: tuple[Float32Array, ...] = ()
    single_output: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Budget:
    """Seconds that timing may take: set-up (building, tracing) and samples together, and samples alone."""

    total: float
    samples: float


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples taken together. disturbed: other processes kept the machine too busy meanwhile."""

    samples: Paired[Variant]
    disturbed: bool


@dataclass(frozen=True)
class LeftOut:
    """Why a variant is not timed. budget_spent: the time did not suffice; otherwise something is wrong with it."""

    reason: str
    budget_spent: bool = False


@dataclass(frozen=True, eq=False)
class SetUp(Generic[T]):
    """The variants that are ready to be timed, and why the others are not."""

    ready: dict[Variant, T]
    untimed: dict[Variant, LeftOut]


@dataclass(frozen=True, eq=False)
class TimedTraining:
    """Samples of seconds per step (of all an arm's networks), and per arm the cold seconds (build, first call)."""

    sample_sets: tuple[SampleSet, ...]
    cold: dict[str, tuple[float, float]]
    untimed: dict[Variant, LeftOut]


def set_up(
    variants: Iterable[tuple[Variant, int]],
    make: Callable[[Variant], T],
    allowance_seconds: float,
    first_seconds: Mapping[ExecutionMode, float] = MappingProxyType({}),
) -> SetUp[T]:
    """Sets the variants up in the given order while the allowance lasts; the first two are always set up.

    variants: each with the number of programs that it builds, from which its cost is predicted. first_seconds: what a
    program of a path may take before one was built; 0 where it is not named.
    """
    ready: dict[Variant, T] = {}
    untimed: dict[Variant, LeftOut] = {}
    started = time.monotonic()
    program_seconds: dict[ExecutionMode, float] = {}  # the most that a program of each path has taken so far
    for variant, programs in variants:
        expected = program_seconds.get(variant.path, first_seconds.get(variant.path, 0.0)) * programs
        if len(ready) >= 2 and time.monotonic() - started + expected > allowance_seconds:
            reason = f"the time for setting up ({max(allowance_seconds, 0):.1f} s) is spent on the others"
            untimed[variant] = LeftOut(reason, budget_spent=True)
            continue
        before = time.monotonic()
        ready[variant] = make(variant)
        seconds = (time.monotonic() - before) / max(programs, 1)
        program_seconds[variant.path] = max(program_seconds.get(variant.path, 0.0), seconds)
    return SetUp(ready, untimed)


def pairs_of(variants: Iterable[Variant]) -> list[tuple[Variant, Variant]]:
    """The ratios that matter: on every path, each arm's to the first arm's."""
    firsts: dict[ExecutionMode, Variant] = {}
    pairs = []
    for variant in variants:
        first = firsts.setdefault(variant.path, variant)
        if variant is not first:
            pairs.append((variant, first))
    return pairs


def collect_samples(samplers: Mapping[Variant, Callable[[], list[float]]], budget_seconds: float) -> list[SampleSet]:
    """Paired samples; after a disturbed set, which is kept too, a second one on half the budget."""
    sample_sets: list[SampleSet] = []
    for budget in (budget_seconds, budget_seconds * RETAKE_SHARE):
        started = time.monotonic()
        samples = paired(samplers, budget, pairs=pairs_of(samplers))
        sample_sets.append(SampleSet(samples, disturbed(float(samples.load.mean()), time.monotonic() - started)))
        if not sample_sets[-1].disturbed or budget_seconds <= 0:
            break
    return sample_sets


def without_refused(sample_sets: Iterable[SampleSet], refused: Collection[Variant]) -> tuple[SampleSet, ...]:
    """The sample sets without the visits of the refused variants."""
    return tuple(SampleSet(sample_set.samples.without(refused), sample_set.disturbed) for sample_set in sample_sets)


def time_training(
    backend: TimingBackend, timed_arms: Mapping[str, TimedArm], paths: Sequence[ExecutionMode], budget: Budget
) -> TimedTraining:
    """Times each arm's training steps against the others', one network after the other, by each of the paths.

    Networks of equal shape cost the same by construction, so each shape is timed once and weighted by its count. A
    variant is refused when its weights stay as they were, or when its optimiser counts other steps than were asked for.
    """
    cold: dict[str, tuple[float, float]] = {}
    clock = device_clock(backend.synchronise)

    def make(variant: Variant) -> StepSampler:
        timed_arm = timed_arms[variant.arm]
        started = clock()
        sampler = StepSampler(
            [backend.trainer([job], FEWEST_STEPS, variant.path) for job in timed_arm.jobs], timed_arm.counts
        )
        built = clock()
        sampler()
        cold.setdefault(variant.arm, (max(built - started, 0.0), max(clock() - built, 0.0)))
        return sampler

    variants = [(Variant(name, path), len(timed_arm.jobs)) for path in paths for name, timed_arm in timed_arms.items()]
    unstackable = {
        variant: LeftOut(reason)
        for variant, _ in variants
        if variant.path == "engine" and (reason := _unstackable_reason(timed_arms[variant.arm])) is not None
    }
    variants = [(variant, programs) for variant, programs in variants if variant not in unstackable]
    prepared = set_up(variants, make, budget.total - budget.samples)
    samplers = prepared.ready
    step_seconds = {variant: sampler()[0] for variant, sampler in samplers.items()}
    affordable = int(budget.samples / BLOCKS_WANTED / 2 / max(sum(step_seconds.values()), 1e-9))
    for variant, sampler in samplers.items():
        quickest = min(seconds for other, seconds in step_seconds.items() if other.path == variant.path)
        sampler.begin(max(FEWEST_STEPS, min(visit_count(quickest, TRAINING_STEPS), affordable)))
    sample_sets = collect_samples(samplers, budget.samples)
    refused = {
        variant: LeftOut(reason)
        for variant, sampler in samplers.items()
        if (reason := sampler.refusal_reason()) is not None
    }
    for sampler in samplers.values():
        sampler.close()
    return TimedTraining(without_refused(sample_sets, refused), cold, {**unstackable, **prepared.untimed, **refused})


def _unstackable_reason(timed_arm: TimedArm) -> str | None:
    return next((reason for job in timed_arm.jobs if (reason := unstackable_reason(job)) is not None), None)


class StepSampler:
    """An arm's trainers, one for each shape. Each call takes steps and times them; a check shows that they train."""

    def __init__(self, trainers: Sequence[Trainer], counts: Sequence[int]) -> None:
        self.trainers, self.counts, self.requested_steps = trainers, counts, 0

    def __call__(self) -> list[float]:
        """Seconds of one step of every network of the arm."""
        self.requested_steps += sum(trainer.warm_up + trainer.steps for trainer in self.trainers)
        return [
            sum(
                count * trainer(time.perf_counter) / trainer.steps
                for trainer, count in zip(self.trainers, self.counts, strict=True)
            )
        ]

    def begin(self, steps: int) -> None:
        for trainer in self.trainers:
            trainer.resize(steps)
        self.before = [trainer.weights() for trainer in self.trainers]

    def refusal_reason(self) -> str | None:
        """Why the timed steps were no training; None where they were."""
        for trainer, before in zip(self.trainers, self.before, strict=True):
            for old, new in zip(before, trainer.weights(), strict=True):
                if all(np.array_equal(old[name], new[name], equal_nan=True) for name in old):
                    return "its weights did not change while its steps were timed"
        counted = [trainer.steps_counted() for trainer in self.trainers]
        total = sum(count for count in counted if count is not None)
        if None not in counted and total != self.requested_steps:
            return f"{self.requested_steps} steps were asked for and its optimiser counted {total}"
        return None

    def close(self) -> None:
        for trainer in self.trainers:
            trainer.close()


@dataclass(frozen=True)
class TimedFit:
    """A network trained to its stop, the seconds of its epochs after the first, and what steady steps predict."""

    steps: int
    projected_seconds: float
    measured_seconds: float


def time_to_stop(backend: Backend, job: Job, calls: int = 3) -> TimedFit:
    """Trains a job by the stock loop for real between two readings of its steady seconds per step."""
    per_epoch = -(-len(job.train) // job.recipe.batch_size)
    trainer = backend.trainer([job], FEWEST_STEPS)
    trainer(time.perf_counter)
    trainer.resize(per_epoch * max(1, STEADY_STEPS // per_epoch))  # whole epochs, so that their fixed costs are in

    def steady() -> list[float]:
        return [trainer(time.perf_counter) / trainer.steps for _ in range(calls)]

    before = steady()
    trained = backend.fit(job)
    after = steady()
    trainer.close()
    steps = (trained.epochs - 1) * per_epoch
    return TimedFit(steps, max(float(np.median(before + after)), 0.0) * steps, float(trained.epoch_seconds[1:].sum()))
