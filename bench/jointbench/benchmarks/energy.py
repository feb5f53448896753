"""What work takes in joules: training steps and requests of every arm, in turns. Runs inside a worker.

An energy counter moves every millisecond (RAPL) to every 100 ms (NVML's on the GPUs of today), and says nothing of what
lies between. So a visit is long beside that: UPDATES_IN_VISIT times as long as the counter was seen to need, so that its
two ends are wrong by a twentieth at the most. What is known of such sensors: Yang, Adamek and Armour, Accurate and
Convenient Energy Measurements for GPUs, SC24 (arXiv 2312.02741): on A100 and H100 the sensor looks at a quarter of the
time, so that work that comes in regular bursts is told wrongly; Hähnel et al., Measuring Energy Consumption for Short
Code Paths Using RAPL, 2012. A GPU that is warmer draws more: mirrored blocks take that out, as they do any drift.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from jointbench.backends.protocols import Backend
from jointbench.benchmarks.request_sampler import RequestSampler, request_pool, request_sampler
from jointbench.benchmarks.training_steps import FEWEST_STEPS, TimedArm
from jointbench.errors import first_line
from jointbench.measure.device_clock import device_clock
from jointbench.measure.energy import IDLE_SECONDS, EnergyCounter, energy_counter, update_seconds, watts_of
from jointbench.measure.paired_timing import MIN_BLOCKS, Paired, paired
from jointbench.records import SEQUENTIAL, STOCK_LOOP, Scenario, Variant
from jointbench.types import Float32Array

UPDATES_IN_VISIT = 20
LEAST_VISIT_SECONDS = 0.1  # over which a scheduler's and a clock frequency's changes even out
PILOTS = 3  # visits, that grow until one is long enough: the first steps are slower than those that follow
SPARE = 1.05  # of a visit's work, so that one that goes faster is long enough too
FEWEST_VISITS = 6  # of each variant: one to find its length, one to warm up, and two in each of two blocks
SPENT = "the {:g} s for energy do not suffice for it"


@dataclass(frozen=True, kw_only=True)
class EnergyPlan:
    """What to measure: the device and its GPU (its UUID, or ""), rows of a step and of requests, and seconds for all."""

    device: str
    gpu: str
    training_batch: int
    batch_sizes: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class EnergyCase:
    """Joules of one kind of work. samples: (visits, 2), joules and seconds of a step or a request. left_out: why there
    are none of some or all variants, by arm."""

    scenario: Scenario
    batch_size: int
    samples: Paired[Variant] | None
    left_out: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class MeasuredEnergy:
    """The counter and the usual time between two changes, what the device draws in a pause, and the cases."""

    source: str
    update_seconds: float
    idle_watts: float
    cases: tuple[EnergyCase, ...]


class JouleClock:
    """Reads joules as a clock reads seconds, and keeps the seconds of the same moments. Two readings are a stretch."""

    def __init__(self, counter: EnergyCounter, clock: Callable[[], float] = time.perf_counter) -> None:
        self._counter, self._clock = counter, clock
        self._moments: list[float] = []

    def __call__(self) -> float:
        self._moments.append(self._clock())
        return self._counter.joules()

    def seconds(self) -> float:
        """Of the stretches since the last call."""
        moments, self._moments = self._moments, []
        return sum(moments[1::2]) - sum(moments[::2])


def measure_energy(
    backend: Backend, timed_arms: Mapping[str, TimedArm], rows: Float32Array, plan: EnergyPlan
) -> MeasuredEnergy:
    """Joules of each arm's training steps, by the stock loop, and of its requests, network after network.

    Raises NoCounter.
    """
    counter = energy_counter(plan.device, plan.gpu)
    try:
        cases = _Cases(plan)
        update = update_seconds(counter)
        visit = max(UPDATES_IN_VISIT * update, LEAST_VISIT_SECONDS)
        backend.synchronise()
        idle = watts_of(counter, seconds=max(visit, IDLE_SECONDS))
        clock = JouleClock(counter)
        _take_training(backend, timed_arms, cases, clock, visit)
        _take_requests(backend, timed_arms, rows, cases, clock, visit)
    finally:
        counter.close()
    return MeasuredEnergy(counter.source, update, idle, tuple(cases.done))


class StepEnergy:
    """An arm's networks in training, one of each shape; each is read apart, and weighs as many as have its shape."""

    def __init__(self, backend: Backend, arm: TimedArm, clock: JouleClock, visit_seconds: float) -> None:
        self.trainers = [backend.trainer([job], FEWEST_STEPS) for job in arm.jobs]
        self.counts, self.clock, self.visit_seconds = arm.counts, clock, 0.0
        for trainer in self.trainers:
            trainer(time.perf_counter)  # builds, traces or compiles
            for _ in range(PILOTS):
                if (seconds := trainer(time.perf_counter)) >= visit_seconds:
                    break
                trainer.resize(_count(visit_seconds, seconds / trainer.steps))
            self.visit_seconds += seconds

    def __call__(self) -> list[float]:
        """Joules and seconds of one step of every network of the arm."""
        joules = seconds = 0.0
        for trainer, count in zip(self.trainers, self.counts, strict=True):
            joules += count * trainer(self.clock) / trainer.steps
            seconds += count * self.clock.seconds() / trainer.steps
        return [joules, seconds]

    def close(self) -> None:
        for trainer in self.trainers:
            trainer.close()


class RequestEnergy:
    """Requests to an arm's networks. clock: waits for the device before it reads ``joules``."""

    def __init__(
        self, sampler: RequestSampler, pool: Float32Array, joules: JouleClock, clock: Callable[[], float], visit: float
    ) -> None:
        self.sampler, self.joules, self.clock = sampler, joules, clock
        sampler.prepare(pool)
        sampler.count = 1
        sampler()  # the first call of a shape traces, compiles or allocates
        for _ in range(PILOTS):
            if (seconds := sum(sampler())) >= visit:
                break
            sampler.count = _count(visit, seconds / sampler.count)
        self.visit_seconds = seconds

    def __call__(self) -> list[float]:
        """Joules and seconds of one request."""
        before = self.clock()
        self.sampler()
        joules, answered = self.clock() - before, self.sampler.count + 1  # and the one that it does not time
        return [joules / answered, self.joules.seconds() / answered]


def _count(visit_seconds: float, unit_seconds: float) -> int:
    return max(1, math.ceil(SPARE * visit_seconds / max(unit_seconds, 1e-9)))


Samplers = Mapping[Variant, StepEnergy] | Mapping[Variant, RequestEnergy]
Made = Callable[[], tuple[Samplers, dict[str, str]]]


class _Cases:
    """Takes the cases one after the other, as far as the time goes; one that breaks does not take the others along."""

    def __init__(self, plan: EnergyPlan) -> None:
        self.plan, self.deadline = plan, time.monotonic() + plan.seconds
        self.done: list[EnergyCase] = []

    def take(self, scenario: Scenario, batch: int, arms: Sequence[str], least: float, made: Made) -> None:
        """least: seconds of one visit of each variant, at the least. made: makes the samplers, and says which are wrong."""
        try:
            case = self._case(scenario, batch, arms, least, made)
        except Exception as error:  # noqa: BLE001 - whatever broke becomes the reason
            case = EnergyCase(scenario, batch, None, dict.fromkeys(arms, first_line(error)))
        self.done.append(case)

    def _case(self, scenario: Scenario, batch: int, arms: Sequence[str], least: float, made: Made) -> EnergyCase:
        """Blocks as of clocks: two at the least, up to as many as give a firm interval."""
        spent = EnergyCase(scenario, batch, None, dict.fromkeys(arms, SPENT.format(self.plan.seconds)))
        if not self._affords(least):
            return spent
        samplers, wrong = made()
        if not samplers:
            return EnergyCase(scenario, batch, None, wrong)
        if not self._affords(sum(sampler.visit_seconds for sampler in samplers.values())):
            return spent
        share = (self.deadline - time.monotonic()) / (1 + len(self.plan.batch_sizes) - len(self.done))
        return EnergyCase(scenario, batch, paired(samplers, share, max_blocks=MIN_BLOCKS), wrong)

    def _affords(self, round_seconds: float) -> bool:
        """Is there time for the fewest visits of all variants? round_seconds: of one visit of each."""
        return FEWEST_VISITS * round_seconds <= self.deadline - time.monotonic()


def _take_training(
    backend: Backend, timed_arms: Mapping[str, TimedArm], cases: _Cases, clock: JouleClock, visit: float
) -> None:
    samplers: dict[Variant, StepEnergy] = {}

    def made() -> tuple[Samplers, dict[str, str]]:
        for name, arm in timed_arms.items():
            samplers[Variant(name, STOCK_LOOP)] = StepEnergy(backend, arm, clock, visit)
        return samplers, {}

    least = visit * sum(len(arm.jobs) for arm in timed_arms.values())
    cases.take("training", cases.plan.training_batch, list(timed_arms), least, made)
    for sampler in samplers.values():
        sampler.close()


def _take_requests(
    backend: Backend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    cases: _Cases,
    clock: JouleClock,
    visit: float,
) -> None:
    waiting = device_clock(backend.synchronise, clock)
    servers: dict[str, RequestSampler] = {}
    wrong: dict[str, str] = {}

    def made(batch: int) -> tuple[Samplers, dict[str, str]]:
        for name, arm in timed_arms.items():
            if name in servers:
                continue
            servers[name] = request_sampler(backend, arm, SEQUENTIAL, rows)
            if (reason := servers[name].wrong_at_first()) is not None:
                wrong[name] = reason
        pool = request_pool(rows, batch)
        right = {Variant(name, SEQUENTIAL): server for name, server in servers.items() if name not in wrong}
        return {at: RequestEnergy(server, pool, clock, waiting, visit) for at, server in right.items()}, dict(wrong)

    for batch in cases.plan.batch_sizes:
        cases.take("request", batch, list(timed_arms), visit * len(timed_arms), partial(made, batch))
