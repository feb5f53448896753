"""Costs from timings: which take counts, what a ratio may claim, how far a percentile is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.comparison.costs import best_takes, projection_check, quantile_bounds, throughput
from jointbench.comparison.ratios import paired_ratios
from jointbench.comparison.summary.costs import Latency
from jointbench.records import Projection, Timing
from planted_timing import timing


def test_a_quiet_ratio_is_settled_and_a_noisy_one_has_spent_its_budget() -> None:
    (quiet,), (noisy,), (short,) = (
        paired_ratios(timing(noise, blocks), "joint") for noise, blocks in ((0.01, 12), (0.5, 12), (0.01, 7))
    )
    assert (quiet.state, noisy.state, short.state) == ("settled", "budget spent", "too few blocks")
    assert quiet.ratio.value == pytest.approx(0.5, rel=0.02)
    assert quiet.measured_difference


@pytest.mark.parametrize(
    ("blocks", "slower", "load", "known"),
    [(7, 2.0, 0.0, True), (7, 1.4, 0.0, False), (3, 9.0, 0.0, True), (2, 9.0, 0.0, False), (7, 9.0, 0.6, False)],
)
def test_few_blocks_show_only_what_no_build_and_no_load_explains(
    blocks: int, slower: float, load: float, known: bool
) -> None:
    """A request that took nine times as long in three blocks of three was "what noise could explain"."""
    (ratio,) = paired_ratios(timing(0.01, blocks, slower, load=load), "joint")
    assert ratio.state == "too few blocks"
    assert ratio.measured_difference is known


def test_a_ratio_inside_the_noise_floor_is_no_difference() -> None:
    """Two percent apart where the same arm built twice differs by four."""
    measured = timing(0.001, 12, 1.02)
    control = np.array([i == 2 for i in measured.order])
    shifted = replace(measured, seconds=measured.seconds * np.where(control, 1.04, 1.0)[:, None])
    assert paired_ratios(measured, "joint")[0].measured_difference
    assert not paired_ratios(shifted, "joint")[0].measured_difference


def test_the_floor_belongs_to_the_arm_that_has_the_control() -> None:
    assert paired_ratios(timing(0.01, 12), "joint")[0].floor is not None
    assert all(ratio.floor is None for ratio in paired_ratios(timing(0.01, 12), "other"))


def test_without_a_floor_a_ratio_within_three_percent_is_no_difference() -> None:
    near, far = (paired_ratios(timing(0.001, 12, ratio), "other")[0] for ratio in (1.02, 1.05))
    assert near.ratio.low > 1  # its interval alone would claim a difference
    assert not near.measured_difference
    assert far.measured_difference


def test_ratios_compare_like_with_like() -> None:
    """A ratio never has one path above the line and another below it."""
    sequential, fused = timing(0.01, 12), timing(0.01, 12, 3.0, path="fused")
    both = Timing(
        dataset="d",
        backend="b",
        device="cpu",
        scenario="request",
        batch_size=8,
        threads=2,
        variants=(*sequential.variants, *fused.variants),
        block=12,
        order=tuple(
            i
            for start in range(0, 72, 6)
            for i in (
                *sequential.order[start : start + 3],
                *(j + 3 for j in fused.order[start : start + 6]),
                *sequential.order[start + 3 : start + 6],
            )
        ),
        seconds=np.concatenate(
            [
                np.r_[sequential.seconds[s : s + 3], fused.seconds[s : s + 6], sequential.seconds[s + 3 : s + 6]]
                for s in range(0, 72, 6)
            ]
        ),
        load=np.zeros(12),
    )
    by_path = {ratio.quantity.mode: ratio.ratio.value for ratio in paired_ratios(both, "joint")}
    assert by_path == pytest.approx({"in turn": 0.5, "fused": 1 / 3}, rel=0.02)


def test_of_two_takes_the_undisturbed_one_counts_else_the_less_disturbed() -> None:
    first, second = timing(0.01, 8, load=0.9), timing(0.01, 8, load=0.1, take=1)
    assert best_takes([first, second]) == [second]
    worse = timing(0.01, 8, load=1.5, take=1)
    assert best_takes([first, worse]) == [first]
    assert len(best_takes([first, timing(0.01, 8, path="fused")])) == 2


@pytest.mark.parametrize("quantile", [0.9, 0.99])
def test_the_bounds_of_a_percentile_hold_it_as_often_as_they_say(quantile: float) -> None:
    rng = np.random.default_rng(0)
    samples = {0.9: 64, 0.99: 662}[quantile]
    truth = -np.log(1 - quantile)  # of the exponential distribution
    covered = 0
    for _ in range(400):
        low, high = quantile_bounds(rng.exponential(size=samples), quantile)
        covered += low <= truth <= high
    assert covered / 400 > 0.93


def test_throughput_is_that_of_the_best_batch() -> None:
    latency = [
        Latency(
            batch_size=b,
            samples=9,
            median_seconds=b / r,
            p90_seconds=None,
            p99_seconds=None,
            rows_per_second=r,
            path=path,
            threads=2,
        )
        for b, r, path in (
            (1, 10.0, "in turn"),
            (64, 90.0, "in turn"),
            (512, 80.0, "in turn"),
            (1, 15.0, "fused"),
            (1, 99.0, "one of N"),
        )
    ]
    best = {fastest.path: (fastest.batch_size, fastest.rows_per_second) for fastest in throughput(latency)}
    assert best == {"in turn": (64, 90.0), "fused": (1, 15.0)}


def test_a_projection_agrees_within_a_tenth() -> None:
    checks = [
        projection_check(
            Projection(
                dataset="d",
                backend="b",
                device="cpu",
                threads=2,
                arm="joint",
                steps=100,
                projected_seconds=2.0,
                measured_seconds=seconds,
            )
        )
        for seconds in (1.81, 2.19, 2.3, 1.7)
    ]
    assert [check.agrees for check in checks] == [True, True, False, False]
    assert checks[0].ratio == pytest.approx(0.905)
