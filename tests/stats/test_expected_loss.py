"""The expected loss of a choice, in closed form: against numerical integration of the density."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from jointbench.stats.expected_loss import expected_shortfall


@pytest.mark.parametrize("df", [1.5, 4.0, 12.0, 200.0])
@pytest.mark.parametrize("mean", [-0.05, -0.003, 0.0, 0.02])
@pytest.mark.parametrize("level", [-0.01, 0.0, 0.03])
def test_it_is_the_integral_of_what_is_lost_over_the_density(mean: float, df: float, level: float) -> None:
    scale = 0.012
    density = stats.t(df, mean, scale).pdf
    parts = [integrate.quad(lambda d: (level - d) * density(d), level - 0.1, level, points=[mean], epsabs=1e-13)]
    parts.append(integrate.quad(lambda d: (level - d) * density(d), -np.inf, level - 0.1, epsabs=1e-13))
    expected = sum(value for value, _ in parts)
    assert expected_shortfall(mean, scale, df, level) == pytest.approx(expected, rel=1e-6, abs=1e-10)


def test_without_uncertainty_it_is_the_loss_itself() -> None:
    assert expected_shortfall(-0.02, 0.0, 5.0) == 0.02
    assert expected_shortfall(0.02, 0.0, 5.0) == 0.0
    assert expected_shortfall(0.02, 0.0, 5.0, 0.05) == pytest.approx(0.03)


def test_what_is_lost_and_what_is_won_differ_by_the_mean() -> None:
    """E[max(0, -d)] - E[max(0, d)] = -E[d]."""
    for mean in (-0.4, 0.0, 0.1):
        assert expected_shortfall(mean, 0.3, 6.0) - expected_shortfall(-mean, 0.3, 6.0) == pytest.approx(-mean)


def test_far_on_the_safe_side_it_is_never_negative_and_far_below_it_is_the_distance() -> None:
    assert 0.0 <= expected_shortfall(1e6, 1.0, 30.0) < 1e-6
    assert expected_shortfall(-1e6, 1.0, 30.0) == pytest.approx(1e6)


def test_a_mean_loss_that_is_not_finite_is_no_number() -> None:
    assert math.isnan(expected_shortfall(0.0, 1.0, 1.0))
    assert math.isnan(expected_shortfall(math.nan, 1.0, math.nan))
