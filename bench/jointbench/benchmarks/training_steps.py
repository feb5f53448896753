"""What training costs: optimisation steps of every arm's networks, timed in turns. Runs inside a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from jointbench.backends.base import Backend, Job, Trainer
from jointbench.measure.device_clock import device_clock
from jointbench.measure.paired_timing import Paired, paired, visit_count
from jointbench.measure.system_load import disturbed
from jointbench.networks.architecture import Architecture
from jointbench.records import ExecutionMode, Variant
from jointbench.types import Float32Array, Weights

TRAINING_STEPS = 20  # of a visit, at most
FEWEST_STEPS = 2
BLOCKS_WANTED = 24  # more than it takes to settle a quiet ratio: a visit is made short enough for them
RETAKE_SHARE = 0.5
STEADY_STEPS = 200
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TimedArm:
    """An arm's trained networks, as they are timed: the jobs that trained them, and the weights they ended with.

    counts[i]: how many of the arm's networks have the shape and recipe of jobs[i]; training is timed once for each.
    answers: (test rows, units) of each network, as it was scored. wanted: the network and the head of the output that a
    request for one of N asks for.
    """

    jobs: tuple[Job, ...]
    counts: tuple[int, ...]
    networks: tuple[tuple[Architecture, Weights], ...]
    answers: tuple[Float32Array, ...] = ()
    wanted: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Budget:
    """Seconds that timing may take: set-up (building, tracing) and samples together, and samples alone."""

    total: float
    samples: float


@dataclass(frozen=True, eq=False)
class SampleSet:
    """A set of samples. disturbed: other processes kept the machine too busy meanwhile."""

    samples: Paired[Variant]
    disturbed: bool


@dataclass(eq=False)
class SetUp(Generic[T]):
    """What is ready to be timed, and why the rest is not. seconds: what each took to set up."""

    ready: dict[Variant, T] = field(default_factory=dict)
    untimed: dict[Variant, str] = field(default_factory=dict)
    seconds: dict[Variant, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TimedTraining:
    """Samples of seconds per step (of all an arm's networks), and per arm the cold seconds (build, first call)."""

    sample_sets: tuple[SampleSet, ...]
    cold: dict[str, tuple[float, float]]
    untimed: dict[Variant, str]


def set_up(wanted: Iterable[tuple[Variant, int]], make: Callable[[Variant], T], allowance_seconds: float) -> SetUp[T]:
    """Makes ready who is wanted, in that order, as long as the allowance lasts; the first two of all come what may.

    wanted: participants with the number of programs each has to build, from which its cost is foretold.
    """
    made: SetUp[T] = SetUp()
    started = time.monotonic()
    dearest: dict[ExecutionMode, float] = {}  # seconds for each program, by what was seen
    for participant, programs in wanted:
        expected = dearest.get(participant.path, 0.0) * programs
        if len(made.ready) >= 2 and time.monotonic() - started + expected > allowance_seconds:
            made.untimed[participant] = (
                f"the time for setting up ({max(allowance_seconds, 0):.1f} s) is spent on the others"
            )
            continue
        before = time.monotonic()
        made.ready[participant] = make(participant)
        made.seconds[participant] = time.monotonic() - before
        dearest[participant.path] = max(
            dearest.get(participant.path, 0.0), made.seconds[participant] / max(programs, 1)
        )
    return made


def pairs_of(participants: Iterable[Variant]) -> list[tuple[Variant, Variant]]:
    """The ratios that matter: on every path, each arm's to the first arm's."""
    firsts: dict[ExecutionMode, Variant] = {}
    made = []
    for participant in participants:
        first = firsts.setdefault(participant.path, participant)
        if participant is not first:
            made.append((participant, first))
    return made


def collect_samples(samplers: Mapping[Variant, Callable[[], list[float]]], budget_seconds: float) -> list[SampleSet]:
    """Paired samples; a disturbed set is kept as such and taken once more, on half the budget."""
    made: list[SampleSet] = []
    for budget in (budget_seconds, budget_seconds * RETAKE_SHARE):
        started = time.monotonic()
        samples = paired(samplers, budget, pairs=pairs_of(samplers))
        made.append(SampleSet(samples, disturbed(float(samples.load.mean()), time.monotonic() - started)))
        if not made[-1].disturbed or budget_seconds <= 0:
            break
    return made


def time_training(
    backend: Backend, timed_arms: Mapping[str, TimedArm], paths: Sequence[ExecutionMode], budget: Budget
) -> TimedTraining:
    """Times each arm's training steps against the others', one network after the other, by each of the paths.

    Networks of equal shape cost the same by construction, so each shape is timed once and weighs its count. A
    participant whose weights stay as they were, or whose optimiser counts other steps than were asked for, is refused.
    """
    cold: dict[str, tuple[float, float]] = {}
    clock = device_clock(backend.synchronise)

    def make(participant: Variant) -> _Timed:
        timed_arm = timed_arms[participant.arm]
        started = clock()
        timed = _Timed(
            [backend.trainer([job], FEWEST_STEPS, participant.path) for job in timed_arm.jobs], timed_arm.counts
        )
        built = clock()
        timed()
        cold.setdefault(participant.arm, (built - started, clock() - built))
        return timed

    wanted = [(Variant(name, path), len(timed_arm.jobs)) for path in paths for name, timed_arm in timed_arms.items()]
    made = set_up(wanted, make, budget.total - budget.samples)
    step_seconds = {who: timed()[0] for who, timed in made.ready.items()}
    affordable = int(budget.samples / BLOCKS_WANTED / 2 / max(sum(step_seconds.values()), 1e-9))
    for who, timed in made.ready.items():
        quickest = min(seconds for other, seconds in step_seconds.items() if other.path == who.path)
        timed.begin(max(FEWEST_STEPS, min(visit_count(quickest, TRAINING_STEPS), affordable)))
    taken = collect_samples(made.ready, budget.samples)
    refused = {who: reason for who, timed in made.ready.items() if (reason := timed.refusal()) is not None}
    for timed in made.ready.values():
        timed.close()
    kept = [SampleSet(take.samples.without(refused), take.disturbed) for take in taken]
    return TimedTraining(tuple(kept), cold, {**made.untimed, **refused})


class _Timed:
    """An arm's trainers, one for each shape, and a check that they train."""

    def __init__(self, trainers: Sequence[Trainer], counts: Sequence[int]) -> None:
        self.trainers, self.counts, self.asked = trainers, counts, 0

    def __call__(self) -> list[float]:
        """Seconds of one step of every network of the arm."""
        self.asked += sum(trainer.warm_up + trainer.steps for trainer in self.trainers)
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

    def refusal(self) -> str | None:
        """Why what was timed was no training, if it was not."""
        for trainer, before in zip(self.trainers, self.before, strict=True):
            for old, new in zip(before, trainer.weights(), strict=True):
                if all(np.array_equal(old[name], new[name], equal_nan=True) for name in old):
                    return "its weights did not change while its steps were timed"
        counted = [trainer.steps_counted() for trainer in self.trainers]
        total = sum(count for count in counted if count is not None)
        if None not in counted and total != self.asked:
            return f"{self.asked} steps were asked for and its optimiser counted {total}"
        return None

    def close(self) -> None:
        for trainer in self.trainers:
            trainer.close()


@dataclass(frozen=True)
class TimedFit:
    """A network trained to its stop, the seconds of its epochs after the first, and what steady steps foretold."""

    steps: int
    projected_seconds: float
    measured_seconds: float


def time_to_stop(backend: Backend, job: Job, calls: int = 3) -> TimedFit:
    """Trains a job by the stock loop for real, between two readings of its steady seconds per step."""
    per_epoch = -(-len(job.train) // job.recipe.batch_size)
    trainer = backend.trainer([job], FEWEST_STEPS)
    trainer(time.perf_counter)
    trainer.resize(per_epoch * max(1, STEADY_STEPS // per_epoch))  # whole epochs: what an epoch costs once is in them

    def steady() -> list[float]:
        return [trainer(time.perf_counter) / trainer.steps for _ in range(calls)]

    before = steady()
    trained = backend.fit(job)
    after = steady()
    trainer.close()
    steps = (trained.epochs - 1) * per_epoch
    return TimedFit(steps, float(np.median(before + after)) * steps, float(trained.epoch_seconds[1:].sum()))


def timing_overhead(backend: Backend, job: Job, budget_seconds: float, steps: int = 20) -> Paired[str]:
    """What reading the clock does to the loop: the same steps clocked two at a time ("often") and all at once ("once")."""
    trainer = backend.trainer([job], steps)

    def clocked(each: int) -> list[float]:
        trainer.resize(each)
        return [sum(trainer(time.perf_counter) for _ in range(steps // each))]

    samples = paired({"once": lambda: clocked(steps), "often": lambda: clocked(FEWEST_STEPS)}, budget_seconds)
    trainer.close()
    return samples
