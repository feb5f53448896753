"""Paired timing: ratios that survive a machine that drifts, and that stop when they are known or paid for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.measure.paired_timing import (
    FIRST_CHECK,
    MIN_BLOCKS,
    Paired,
    interval,
    log_ratios,
    paired,
    settled,
)


class Machine:
    """A pretend machine with a clock of its own; ``slowing`` scales work by the number of visits before."""

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

    def run(self, costs: dict[str, float], budget: float, max_blocks: int = 200) -> Paired[str]:
        samplers = {name: self.sampler(name, cost) for name, cost in costs.items()}
        return paired(samplers, budget, max_blocks, clock=lambda: self.now)


def blocks(samples: Paired[str]) -> list[tuple[str, ...]]:
    return [tuple(samples.order[i : i + samples.block]) for i in range(0, len(samples.order), samples.block)]


@given(st.integers(1, 5), st.integers(2, 9))
def test_every_block_reads_the_same_both_ways_and_holds_everyone_twice(variants: int, count: int) -> None:
    """Whatever drifts over a block then weighs on all alike."""
    names = [f"arm{i}" for i in range(variants)]
    block_orders = blocks(Machine(noise=1.0).run(dict.fromkeys(names, 1.0), budget=math.inf, max_blocks=count))
    for block in block_orders:
        assert block == block[::-1]
        assert sorted(block) == sorted(names * 2)


class Soiled:
    """A machine on which whoever comes after ``dirty`` takes a fifth longer."""

    def __init__(self) -> None:
        self.now, self.before = 0.0, ""

    def visit(self, name: str) -> list[float]:
        seconds = 1.2 if self.before == "dirty" != name else 1.0
        self.now, self.before = self.now + seconds, name
        return [seconds]


def test_what_another_leaves_behind_weighs_on_all_alike() -> None:
    """In a fixed order the twin would come after ``dirty`` twice as often as joint, and two equals out 4 % apart."""
    biases = []
    for seed in range(20):
        machine = Soiled()
        samplers = {name: partial(machine.visit, name) for name in ("joint", "separate", "twin", "dirty")}
        samples = paired(samplers, math.inf, 60, clock=partial(getattr, machine, "now"), seed=seed)
        biases.append(float(log_ratios(samples, "twin", "joint").mean()))
    assert abs(np.mean(biases)) < 0.01


def test_the_order_is_the_seeds() -> None:
    samplers = {name: lambda: [1.0] for name in ("a", "b", "c")}
    first, same, other = (paired(samplers, math.inf, 12, clock=lambda: 0.0, seed=seed) for seed in (1, 1, 2))
    assert first.order == same.order != other.order


def test_samples_stand_beside_who_gave_them() -> None:
    machine = Machine()
    samples = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert samples.seconds.shape == (len(samples.order), 3)
    assert all(
        row == pytest.approx([{"joint": 1.0, "separate": 2.0}[name]] * 3)
        for name, row in zip(samples.order, samples.seconds, strict=True)
    )


def test_each_is_called_once_before_anything_is_recorded() -> None:
    """The first call compiles, allocates and fills caches: it is not a sample."""
    machine = Machine(slowing=lambda visit: 100.0 if visit < 2 else 1.0)
    samples = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert machine.log[:2] == ["joint", "separate"]
    assert len(machine.log) == len(samples.order) + 2
    assert samples.seconds.max() == 2.0


def estimate(samples: Paired[str]) -> float:
    return float(np.mean(log_ratios(samples, "separate", "joint")))


@pytest.mark.parametrize("growth", [0.01, -0.004])
def test_a_drift_linear_in_time_cancels(growth: float) -> None:
    """A machine that slows down or speeds up by 1 % a visit: A B A B would be off by about 1 %, this is not."""
    machine = Machine(slowing=lambda visit: 1 + growth * visit)
    samples = machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=30)
    assert abs(estimate(samples) - math.log(2)) < 2e-4


@given(st.floats(-0.05, 0.05), st.floats(0.1, 10))
def test_a_drift_that_grows_in_proportion_cancels_exactly(rate: float, ratio: float) -> None:
    machine = Machine(slowing=lambda visit: math.exp(rate * visit))
    samples = machine.run({"joint": 1.0, "separate": ratio, "twin": 1.0}, budget=math.inf, max_blocks=8)
    assert log_ratios(samples, "separate", "joint") == pytest.approx(math.log(ratio), abs=1e-9)
    assert log_ratios(samples, "twin", "joint") == pytest.approx(0, abs=1e-9)


def test_a_sudden_change_of_speed_hurts_one_block_only() -> None:
    machine = Machine(slowing=lambda visit: 5.0 if visit >= 20 else 1.0)
    ratios = log_ratios(machine.run({"joint": 1.0, "separate": 2.0}, budget=math.inf), "separate", "joint")
    assert sum(abs(ratios - math.log(2)) > 1e-9) <= 1


def test_one_stuck_interval_of_a_visit_does_not_count() -> None:
    """Another program that wakes up for one interval of a visit: the median does not see it."""
    order = ("joint", "separate", "separate", "joint") * 4
    seconds = np.array([[1.0 if name == "joint" else 2.0] * 3 for name in order])
    seconds[np.arange(0, 16, 4), np.arange(4) % 3] *= 50
    assert log_ratios(Paired(order, seconds, 4, np.zeros(4)), "separate", "joint") == pytest.approx(math.log(2))


def test_log_ratios_by_hand() -> None:
    seconds = np.array([[1.0], [8.0], [2.0], [4.0]])
    ratios = log_ratios(Paired(("a", "b", "b", "a"), seconds, 4, np.zeros(1)), "a", "b")
    assert ratios == pytest.approx([math.log(4) / 2 - math.log(16) / 2])
    back = log_ratios(Paired(("a", "b", "b", "a"), seconds, 4, np.zeros(1)), "b", "a")
    assert back == pytest.approx(-ratios)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.3])
def test_a_known_ratio_is_found_in_noise_and_lies_in_its_interval(ratio: float) -> None:
    samples = Machine(noise=0.2).run({"joint": 1.0, "separate": ratio}, budget=math.inf)
    mean, low, high = interval(log_ratios(samples, "separate", "joint"))
    assert low < math.log(ratio) < high
    assert math.exp(mean) == pytest.approx(ratio, rel=0.05)


def test_fewer_than_eight_blocks_settle_nothing() -> None:
    assert not settled(np.zeros(MIN_BLOCKS - 1))
    assert settled(np.zeros(MIN_BLOCKS))


def test_a_quiet_ratio_is_not_measured_longer_than_needed() -> None:
    samples = Machine().run({"joint": 1.0, "separate": 2.0}, budget=math.inf)
    assert len(blocks(samples)) == FIRST_CHECK


def test_a_noisy_ratio_is_measured_until_it_is_known_to_three_percent() -> None:
    """Not before: half a t interval is near 0.03 at the end, and was wider four blocks earlier."""
    samples = Machine(noise=0.15).run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=500)
    ratios = log_ratios(samples, "separate", "joint")

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
    """Blocks of 18 pretend seconds and a budget of 150: nine blocks, the one that crosses the line included."""
    samples = Machine(noise=1e-12).run({"joint": 1.0, "separate": 2.0}, budget=150, max_blocks=500)
    assert len(blocks(samples)) == 9


def test_an_interval_may_cost_half_the_budget_more_and_no_more() -> None:
    """Eight blocks take 144: a budget of 100 is overrun for them, one of 60 only until 90."""
    assert len(blocks(Machine().run({"joint": 1.0, "separate": 2.0}, budget=100))) == MIN_BLOCKS
    assert len(blocks(Machine().run({"joint": 1.0, "separate": 2.0}, budget=60))) == 6


def test_a_spent_budget_still_gives_two_blocks() -> None:
    """One block has no spread: nothing could be said about its ratio."""
    samples = Machine().run({"joint": 1.0, "separate": 2.0}, budget=0)
    assert len(blocks(samples)) == 2


def test_warming_up_is_not_charged_to_the_budget() -> None:
    machine = Machine(slowing=lambda visit: 1000.0 if visit < 2 else 1.0)
    assert len(blocks(machine.run({"joint": 1.0, "separate": 2.0}, budget=150))) == 9


def test_only_the_ratios_that_matter_are_waited_for() -> None:
    calm, wild = Machine(), Machine(noise=0.4)
    samplers = {"a": calm.sampler("a", 1.0), "b": calm.sampler("b", 2.0), "wild": wild.sampler("wild", 1.0)}
    assert len(blocks(paired(samplers, math.inf, pairs=[("b", "a")]))) == FIRST_CHECK


def test_a_variant_can_be_left_out_afterwards() -> None:
    samples = Machine(noise=0.1).run({"joint": 1.0, "separate": 2.0, "bad": 9.0}, budget=math.inf)
    remaining = samples.without({"bad"})
    assert set(remaining.order) == {"joint", "separate"}
    assert remaining.block == 4
    np.testing.assert_array_equal(log_ratios(remaining, "joint", "separate"), log_ratios(samples, "joint", "separate"))


def test_it_stops_at_the_most_blocks() -> None:
    samples = Machine(noise=2.0).run({"joint": 1.0, "separate": 2.0}, budget=math.inf, max_blocks=5)
    assert len(blocks(samples)) == 5


def test_one_arm_alone_can_be_timed() -> None:
    samples = Machine().run({"joint": 1.0}, budget=math.inf)
    assert set(samples.order) == {"joint"}
    assert len(samples.order) == 2 * FIRST_CHECK
