"""Where a difference is heading as rows grow: the slope is the one of weighted least squares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from jointbench.comparison.summary.decisions import Difference
from jointbench.comparison.table_sizes import size_trend
from jointbench.stats.estimate import Estimate

ROWS = (5_000, 16_000, 50_000, 200_000)


def difference(value: float, scale: float, df: float = 8.0) -> Difference:
    return Difference(
        output="y",
        other="separate",
        difference=Estimate(value, value - 2 * scale, value + 2 * scale),
        pairs=5,
        pairs_lost=0,
        probability_joint_better=math.nan,
        probability_equivalent=math.nan,
        probability_other_better=math.nan,
        probability_no_loss=math.nan,
        verdict="open",
        scale=scale,
        df=df,
    )


def differences(values: Sequence[float], scale: float) -> list[Difference]:
    return [difference(value, scale) for value in values]


def test_the_slope_equals_weighted_least_squares() -> None:
    values, scales = np.array([-0.03, -0.02, -0.018, -0.011]), np.array([0.02, 0.01, 0.006, 0.003])
    trend = size_trend(ROWS, [difference(v, s) for v, s in zip(values, scales, strict=True)])
    assert trend is not None
    slope, _ = np.polyfit(np.log10(ROWS), values, 1, w=1 / scales)
    assert trend.per_tenfold.value == pytest.approx(slope)


def test_a_straight_line_has_the_interval_of_its_scales() -> None:
    x = np.log10(ROWS)
    trend = size_trend(ROWS, differences(0.01 * x, 0.004))
    assert trend is not None
    half = stats.t.ppf(0.975, 8) * 0.004 / math.sqrt(((x - x.mean()) ** 2).sum())
    assert trend.per_tenfold.high - trend.per_tenfold.value == pytest.approx(half)
    assert trend.heading == "for joint"


def test_sizes_far_from_a_line_show_no_trend() -> None:
    trend = size_trend(ROWS, differences([-0.026, -0.125, -0.016, -0.010], 0.004))
    assert trend is not None
    assert trend.heading == "no trend"


def test_a_falling_difference_is_against_joint() -> None:
    trend = size_trend(ROWS[:2], differences([0.0, -0.1], 0.004))
    assert trend is not None
    assert trend.heading == "against joint"


def test_one_known_size_has_no_trend() -> None:
    assert size_trend(ROWS[:2], [difference(0.0, 0.1), difference(0.0, math.nan)]) is None
