"""Paired timing: ratios that survive a machine that drifts, and that stop when they are known or paid for."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.measure import clock
from jointbench.measure.clock import MIN_BLOCKS, Paired, bootstrap_interval, log_ratios, paired


class Machine:
    """A pretend machine with a clock of its own; ``slowing`` scales work by the visits made so far."""

    def __init__(self, slowing: Callable[[int], float] = lambda visit: 1.0, noise: float = 0.0) -> None:
        self.now = 0.0
        self.visits = 0
        self.log: list[str] = []
        self.slowing = slowing
        self.noise = noise
        self.rng = np.random.default_rng(0)

    def sampler(self, name: str, cost: float, intervals: int = 3) -> Callable[[], list[float]]:
        def sample() -> list[float]:
            seconds = cost * self.slowing(self.visits) * math.exp(self.rng.normal(0, self.noise))
            self.visits += 1
            self.now += seconds * intervals
            self.log.append(name)
            return [seconds] * intervals

        return sample

    def run(self, costs: dict[str, float], budget: float, max_blocks: int = 200) -> Paired:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: self.now))
            return paired({name: self.sampler(name, cost) for name, cost in costs.items()}, budget, max_blocks)


def blocks(samples: Paired) -> list[tuple[str, ...]]:
    return [tuple(samples.order[i : i + samples.block]) for i in range(0, len(samples.order), samples.block)]


@given(st.integers(1, 5), st.integers(2, 9))
def test_every_block_reads_the_same_both_ways_and_holds_everyone_twice(participants: int, count: int) -> None:
    """Whatever drifts over a block then weighs on all alike."""
    names = [f"arm{i}" for i in range(participants)]
    made = blocks(Machine(noise=1.0).run(dict.fromkeys(names, 1.0), budget=math.inf, max_blocks=count))
    for block in made:
        assert block == block[::-1]
        assert sorted(block) == sorted(names * 2)


def test_no_one_is_always_first() -> None:
    """The first of a block finds the caches that the last one left."""
    made = blocks(Machine().run({"joint": 1.0, "separate": 2.0, "twin": 1.0}, budget=math.inf))
    firsts = [block[0] for block in made]
    assert firsts[:4] == ["joint", "twin", "joint", "twin"]


def test_samples_stand_beside_who_gave_them() -> None:
    machine = Machine()
    got = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert got.seconds.shape == (len(got.order), 3)
    assert all(
        row == pytest.approx([{"joint": 1.0, "separate": 2.0}[name]] * 3)
        for name, row in zip(got.order, got.seconds, strict=True)
    )


def test_each_is_called_once_before_anything_is_recorded() -> None:
    """The first call compiles, allocates and fills caches: it is not a sample."""
    machine = Machine(slowing=lambda visit: 100.0 if visit < 2 else 1.0)
    got = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert machine.log[:2] == ["joint", "separate"]
    assert len(machine.log) == len(got.order) + 2
    assert got.seconds.max() == 2.0


def estimate(samples: Paired) -> float:
    return float(np.mean(log_ratios(samples, "separate", "joint")))


@pytest.mark.parametrize("growth", [0.01, -0.004])
def test_a_drift_linear_in_time_cancels(growth: float) -> None:
    """A machine that slows down or speeds up by 1 % a visit: A B A B would be off by about 1 %, this is not."""
    machine = Machine(slowing=lambda visit: 1 + growth * visit)
    got = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=30)
    assert abs(estimate(got) - math.log(2)) < 2e-4


@given(st.floats(-0.05, 0.05), st.floats(0.1, 10))
def test_a_drift_that_grows_in_proportion_cancels_exactly(rate: float, ratio: float) -> None:
    machine = Machine(slowing=lambda visit: math.exp(rate * visit))
    got = machine.run({"joint": 1.0, "separate": ratio, "twin": 1.0}, budget=math.inf, max_blocks=8)
    assert log_ratios(got, "separate", "joint") == pytest.approx(math.log(ratio), abs=1e-9)
    assert log_ratios(got, "twin", "joint") == pytest.approx(0, abs=1e-9)


def test_a_sudden_change_of_speed_hurts_one_block_only() -> None:
    machine = Machine(slowing=lambda visit: 5.0 if visit >= 20 else 1.0)
    ratios = log_ratios(machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf), "separate", "joint")
    assert sum(abs(ratios - math.log(2)) > 1e-9) <= 1


def test_one_stuck_interval_of_a_visit_does_not_count() -> None:
    """Another program that wakes up for one interval of a visit: the median does not see it."""
    order = ("joint", "separate", "separate", "joint") * 4
    seconds = np.array([[1.0 if name == "joint" else 2.0] * 3 for name in order])
    seconds[np.arange(0, 16, 4), np.arange(4) % 3] *= 50
    assert log_ratios(Paired(order, seconds, 4), "separate", "joint") == pytest.approx(math.log(2))


def test_log_ratios_by_hand() -> None:
    seconds = np.array([[1.0], [8.0], [2.0], [4.0]])
    got = log_ratios(Paired(("a", "b", "b", "a"), seconds, 4), "a", "b")
    assert got == pytest.approx([math.log(4) / 2 - math.log(16) / 2])
    back = log_ratios(Paired(("a", "b", "b", "a"), seconds, 4), "b", "a")
    assert back == pytest.approx(-got)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.3])
def test_a_known_ratio_is_found_in_noise_and_lies_in_its_interval(ratio: float) -> None:
    got = Machine(noise=0.2).run({"joint": 1.0, "separate": ratio}, budget=math.inf)
    mean, low, high = bootstrap_interval(log_ratios(got, "separate", "joint"))
    assert low < math.log(ratio) < high
    assert math.exp(mean) == pytest.approx(ratio, rel=0.05)


def test_the_interval_is_scipys_bootstrap() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=40)
    mean, low, high = bootstrap_interval(values)
    oracle = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(1))
    width = oracle.confidence_interval.high - oracle.confidence_interval.low
    assert mean == pytest.approx(values.mean())
    assert low == pytest.approx(oracle.confidence_interval.low, abs=0.1 * width)
    assert high == pytest.approx(oracle.confidence_interval.high, abs=0.1 * width)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """95 %, less what 30 blocks cost a percentile bootstrap."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        _, low, high = bootstrap_interval(rng.normal(0.4, 0.1, 30))
        held += low < 0.4 < high
    assert 0.89 < held / 300 < 0.985


def test_the_interval_is_the_same_each_time() -> None:
    values = np.random.default_rng(0).normal(size=20)
    assert bootstrap_interval(values) == bootstrap_interval(values)


def test_a_quiet_ratio_is_not_measured_longer_than_needed() -> None:
    got = Machine().run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert len(blocks(got)) == MIN_BLOCKS


def test_a_noisy_ratio_is_measured_until_it_is_known_to_three_percent() -> None:
    """Not before: half a t interval is near 0.03 at the end, and was wider four blocks earlier."""
    got = Machine(noise=0.15).run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=500)
    ratios = log_ratios(got, "separate", "joint")

    def half_width(values: np.ndarray) -> float:
        return float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))

    assert MIN_BLOCKS < len(ratios) < 500
    assert half_width(ratios) < 0.034
    assert half_width(ratios[:-4]) > 0.027


def test_one_noisy_arm_of_three_is_enough_to_go_on() -> None:
    """Every ratio to the first is to be known, not the average one."""
    calm, wild = Machine(), Machine(noise=0.4)
    samplers = {
        "joint": calm.sampler("joint", 1.0),
        "separate": calm.sampler("separate", 2.0),
        "matched": wild.sampler("matched", 1.0),
    }
    assert len(blocks(paired(samplers, math.inf, max_blocks=20))) == 20


def test_it_stops_when_the_budget_is_spent() -> None:
    """Blocks of 18 pretend seconds and a budget of 100: six blocks, the one that crosses the line included."""
    got = Machine(noise=1e-12).run({"joint": 1.0, "separate": 2.0}, budget=100, max_blocks=500)
    assert len(blocks(got)) == 6


def test_a_spent_budget_still_gives_two_blocks() -> None:
    """One block has no spread: nothing could be said about its ratio."""
    got = Machine().run({"joint": 1.0, "separate": 2.0}, budget=0)
    assert len(blocks(got)) == 2


def test_warming_up_is_not_charged_to_the_budget() -> None:
    machine = Machine(slowing=lambda visit: 1000.0 if visit < 2 else 1.0)
    assert len(blocks(machine.run({"joint": 1.0, "separate": 2.0}, budget=100))) == 6


def test_it_stops_at_the_most_blocks() -> None:
    got = Machine(noise=2.0).run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=5)
    assert len(blocks(got)) == 5


def test_one_arm_alone_can_be_timed() -> None:
    got = Machine().run({"joint": 1.0}, budget=math.inf)
    assert set(got.order) == {"joint"}
    assert len(got.order) == 2 * MIN_BLOCKS
