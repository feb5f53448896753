"""Runs of one code, simulated down to the visits of each timing, on machines of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from jointbench.check.baseline import ArmKey, Baseline, Origin
from jointbench.check.from_timings import cost_ratio
from jointbench.comparison.ratios import paired_ratios
from jointbench.measure.paired_timing import Paired, log_ratios, settled
from jointbench.measure.system_load import disturbed
from jointbench.records import AA_CONTROL, ExecutionMode, Scenario, Timing, Variant
from jointbench.types import FloatArray

SECONDS = {"joint": 1.0, "separate": 2.5, AA_CONTROL: 1.0, "separate-matched": 1.6}
ARMS = tuple(SECONDS)
SEQUENTIAL: tuple[ExecutionMode, ...] = ("in turn",)
ALL_MODES: tuple[ExecutionMode, ...] = ("in turn", "fused", "one of N")
CASES: tuple[tuple[Scenario, int, tuple[ExecutionMode, ...]], ...] = (
    ("training", 32, ("stock loop",)),
    ("request", 1, ALL_MODES),
    ("request", 8, SEQUENTIAL),
    ("request", 64, ALL_MODES),
    ("request", 512, SEQUENTIAL),
    ("request", 4096, SEQUENTIAL),
)
"""What profile quick times on a dataset: nine A/A controls, eighteen ratios."""
ORIGIN = Origin(profile="quick", engine="stacked", commit="", cpu="", cores="2", threads=2, versions={})
BLOCK_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What moves the seconds of a visit; standard deviations are of their logarithm.

    visit: from visit to visit. block: of joint's ratio from block to block, with ``memory`` of the block before. drift:
    of the machine's speed over a timing. build: from build to build. slow_builds: the share of builds of a slower kind,
    by a factor between the two ``steps``. load: cores that others keep busy all along. burst: the chance that other
    work comes while something is timed, for a part of its blocks. blocks: the fewest and the most that the time allows.
    """

    visit: float = 0.02
    block: float = 0.004
    memory: float = 0.3
    drift: float = 0.01
    build: float = 0.004
    slow_builds: float = 0.0
    steps: tuple[float, float] = (1.1, 1.6)
    load: float = 0.015
    burst: float = 0.0
    blocks: tuple[int, int] = (24, 60)


QUIET = Machine()
DRIFTING = Machine(block=0.015, memory=0.6, drift=0.3, build=0.008)
BURSTS = Machine(burst=0.7, load=0.05, build=0.008, blocks=(4, 40))
BUSY = Machine(visit=0.2, burst=1.0, load=0.8, build=0.02, blocks=(2, 12))


def two_kinds_of_builds(share: float) -> Machine:
    return Machine(slow_builds=share)


@dataclass(frozen=True)
class _Run:
    machine: Machine
    dearer: Callable[[Scenario, ExecutionMode], float]
    rng: np.random.Generator = field(repr=False)

    def timing(self, scenario: Scenario, batch_size: int, modes: Sequence[ExecutionMode]) -> Timing:
        """A timing, retaken as a real one is where others disturbed it."""
        first = self._take(scenario, batch_size, modes)
        if not first.disturbed:
            return first
        second = self._take(scenario, batch_size, modes)
        return min(first, second, key=lambda take: (take.disturbed, float(take.load.mean())))

    def _take(self, scenario: Scenario, batch_size: int, modes: Sequence[ExecutionMode]) -> Timing:
        machine, rng = self.machine, self.rng
        variants = tuple(Variant(arm, mode) for mode in modes for arm in ARMS)
        log_seconds = np.log([SECONDS[v.arm] for v in variants]) + self._builds(len(variants))
        joint = np.array([v.arm in ("joint", AA_CONTROL) for v in variants])
        log_seconds += joint * [np.log(self.dearer(scenario, v.path)) for v in variants]
        most = int(rng.integers(machine.blocks[0], machine.blocks[1] + 1))
        order = np.concatenate(
            [np.r_[turn, turn[::-1]] for turn in (rng.permutation(len(variants)) for _ in range(most))]
        )
        block = np.repeat(np.arange(most), 2 * len(variants))
        load, busy = self._load(most)
        speed = machine.drift * np.linspace(rng.normal(), rng.normal(), len(order))
        own = self._walk(most, len(variants))[block, order]
        visits = log_seconds[order] + speed + own + rng.normal(0, machine.visit, len(order))
        suffers = rng.uniform(0, 1, len(variants))[order] * rng.uniform(0, 2, len(order))
        visits += np.log1p(busy[block] * suffers)
        timing = Timing(
            dataset="d",
            backend="torch",
            device="cpu",
            scenario=scenario,
            batch_size=batch_size,
            threads=2,
            variants=variants,
            block=2 * len(variants),
            order=tuple(order.tolist()),
            seconds=np.exp(visits)[:, None],
            load=load,
        )
        timing = self._until_settled(timing)
        return replace(timing, disturbed=disturbed(float(timing.load.mean()), len(timing.load) * BLOCK_SECONDS))

    def _builds(self, count: int) -> FloatArray:
        machine, rng = self.machine, self.rng
        slow = rng.uniform(size=count) < machine.slow_builds
        return rng.normal(0, machine.build, count) + slow * rng.uniform(*np.log(machine.steps), count)

    def _walk(self, blocks: int, variants: int) -> FloatArray:
        """(blocks, variants): what lasts for some blocks, such as where the scheduler puts threads."""
        machine = self.machine
        noise = self.rng.normal(0, machine.block, (blocks, variants))
        for i in range(1, blocks):
            noise[i] = machine.memory * noise[i - 1] + np.sqrt(1 - machine.memory**2) * noise[i]
        return noise

    def _load(self, blocks: int) -> tuple[FloatArray, FloatArray]:
        """(blocks,): cores kept busy by others as the record has them, with the accounting's error; and in truth."""
        machine, rng = self.machine, self.rng
        busy = np.full(blocks, machine.load)
        if rng.uniform() < machine.burst:
            length = int(rng.integers(1, blocks + 1))
            start = int(rng.integers(0, blocks - length + 1))
            busy[start : start + length] += rng.uniform(0.2, 1.8)
        return busy + rng.normal(0, 0.02, blocks), busy

    @staticmethod
    def _until_settled(timing: Timing) -> Timing:
        """Cut where a real timing stops: every ratio to the first arm is known well enough."""
        samples = Paired(tuple(timing.variants[i] for i in timing.order), timing.seconds, timing.block, timing.load)
        first = {mode: Variant("joint", mode) for mode in dict.fromkeys(v.path for v in timing.variants)}
        pairs = [(first[v.path], v) for v in timing.variants if v != first[v.path]]
        logs = [log_ratios(samples, *pair) for pair in pairs]
        for blocks in range(24, len(timing.load), 8):
            if all(settled(log[:blocks]) for log in logs):
                visits = blocks * timing.block
                return replace(
                    timing, order=timing.order[:visits], seconds=timing.seconds[:visits], load=timing.load[:blocks]
                )
        return timing


def simulated_run(
    machine: Machine, seed: int, dearer: Callable[[Scenario, ExecutionMode], float] = lambda *_: 1.0
) -> Baseline:
    """One run's cost ratios. dearer: the factor on joint's seconds, by what is timed."""
    run = _Run(machine, dearer, np.random.default_rng(seed))
    ratios = tuple(
        cost_ratio(ratio, ArmKey("d", "torch", "cpu", ratio.other))
        for case in CASES
        for ratio in paired_ratios(run.timing(*case), "joint")
    )
    return Baseline(schema_version=1, origin=ORIGIN, data=(), sizes=(), skills=(), ratios=ratios, seconds=())
