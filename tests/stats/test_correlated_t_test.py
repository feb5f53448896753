from __future__ import annotations

import baycomp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.stats.correlated_t_test import correlated_t_test, posterior

values = st.lists(st.integers(-10_000, 10_000), min_size=4, max_size=30).map(lambda xs: np.array(xs) / 100_000)


@pytest.mark.parametrize(("repeats", "folds"), [(1, 5), (3, 5), (10, 10), (2, 2)])
@pytest.mark.parametrize("rope", [0.01, 0.002])
def test_agrees_with_baycomp(repeats: int, folds: int, rope: float) -> None:
    generator = np.random.default_rng(repeats * folds)
    joint, other = generator.normal(0.8, 0.02, (2, repeats, folds))
    belief = correlated_t_test(joint - other, rope=rope)
    oracle = baycomp.CorrelatedTTest(other.ravel(), joint.ravel(), rope=rope, runs=repeats)
    expected = oracle.probs()
    assert (belief.mean, belief.scale**2, belief.df) == pytest.approx((oracle.mean, oracle.var, oracle.df), rel=1e-12)
    assert (
        belief.probability_other_better,
        belief.probability_equivalent,
        belief.probability_joint_better,
    ) == pytest.approx(expected, abs=1e-12)


def test_repeats_do_not_shrink_the_correlation() -> None:
    """baycomp's default of one run takes rho = 1/n for ten repeats of five folds, which is far too sure."""
    differences = np.random.default_rng(0).normal(0.0, 0.02, (10, 5))
    too_sure = baycomp.CorrelatedTTest(np.zeros(50), differences.ravel())
    assert correlated_t_test(differences).scale > 2.5 * np.sqrt(too_sure.var)


def test_closed_form() -> None:
    differences = np.array([[0.01, 0.02, 0.06], [0.03, 0.05, 0.01]])
    belief = correlated_t_test(differences)
    sd = differences.std(ddof=1)
    scale = sd * np.sqrt(1 / 6 + (1 / 3) / (1 - 1 / 3))  # rho / (1 - rho) with rho = 1/3
    reference = stats.t(5, differences.mean(), scale)
    assert belief.scale == pytest.approx(scale)
    assert (belief.low, belief.high) == pytest.approx(reference.interval(0.95))
    assert belief.probability_joint_better == pytest.approx(reference.sf(0.01))
    assert belief.probability_other_better == pytest.approx(reference.cdf(-0.01))
    assert belief.probability_above(0.05) == pytest.approx(reference.sf(0.05))


@given(values, st.integers(2, 10))
def test_negating_swaps_the_arms(differences: np.ndarray, folds: int) -> None:
    belief, swapped = (correlated_t_test(sign * differences, folds=folds) for sign in (1, -1))
    assert belief.probability_joint_better == pytest.approx(swapped.probability_other_better, abs=1e-12)
    assert belief.probability_equivalent == pytest.approx(swapped.probability_equivalent, abs=1e-9)
    assert (belief.low, belief.high) == pytest.approx((-swapped.high, -swapped.low), abs=1e-12)


@given(values, st.integers(2, 10), st.floats(0, 0.1))
def test_probabilities_sum_to_one(differences: np.ndarray, folds: int, rope: float) -> None:
    belief = correlated_t_test(differences, folds=folds, rope=rope)
    three = (belief.probability_joint_better, belief.probability_equivalent, belief.probability_other_better)
    assert min(three) >= 0.0
    assert sum(three) == pytest.approx(1.0, abs=1e-12)
    assert belief.low <= belief.mean <= belief.high


@given(values, st.integers(2, 10), st.integers(1, 1000))
def test_monotone_in_the_mean(differences: np.ndarray, folds: int, step: int) -> None:
    low = correlated_t_test(differences, folds=folds)
    high = posterior(low.mean + step / 10_000, low.scale, low.df)
    assert high.probability_joint_better >= low.probability_joint_better
    assert high.probability_other_better <= low.probability_other_better


def test_flat_with_folds_is_the_same() -> None:
    differences = np.random.default_rng(1).normal(0.0, 0.02, (3, 5))
    assert correlated_t_test(differences.ravel(), folds=5) == correlated_t_test(differences)
    one_pair_failed = correlated_t_test(differences.ravel()[:-1], folds=5)
    assert one_pair_failed.df == 13
    assert one_pair_failed.scale == pytest.approx(differences.ravel()[:-1].std(ddof=1) * np.sqrt(1 / 14 + 1 / 4))


@pytest.mark.parametrize(
    ("value", "joint", "equivalent", "other"),
    [(0.1, 1, 0, 0), (-0.1, 0, 0, 1), (0.0, 0, 1, 0), (0.01, 0, 1, 0), (-0.01, 0, 1, 0), (0.010001, 1, 0, 0)],
)
def test_no_spread_is_a_point_mass(value: float, joint: float, equivalent: float, other: float) -> None:
    belief = correlated_t_test(np.full((5, 5), value))
    assert (belief.probability_joint_better, belief.probability_equivalent, belief.probability_other_better) == (
        joint,
        equivalent,
        other,
    )
    assert belief.scale == 0.0
    assert belief.low == belief.high == belief.mean == value
    assert belief.probability_above(value) == 0.0
    assert belief.probability_above(value - 1e-9) == 1.0


def test_a_vanishing_spread_gives_no_warning() -> None:
    belief = correlated_t_test([0.02, 0.02, 0.02 + 4e-18, np.nextafter(0.02, 1)], folds=2)
    assert belief.probability_joint_better == 1.0
    assert posterior(0.02, 5e-324, 3).probability_joint_better == 1.0


@pytest.mark.parametrize(
    ("differences", "folds", "says"),
    [
        ([0.1], 5, "at least 2 paired differences"),
        ([[0.1], [0.2]], None, "at least 2 folds"),
        ([0.1, 0.2], None, "number of folds given"),
        ([0.1, 0.2], 1, "at least 2 folds"),
        ([[0.1, 0.2, 0.3]], 2, "3 folds, but folds=2"),
        ([0.1, float("nan")], 2, "not finite"),
        ([[[0.1, 0.2]]], 2, "flat"),
    ],
)
def test_refuses_with_a_sentence(differences: list[float], folds: int | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        correlated_t_test(differences, folds=folds)


def test_refuses_a_negative_rope() -> None:
    with pytest.raises(ValueError, match="region of practical equivalence"):
        correlated_t_test([0.1, 0.2], folds=2, rope=-0.01)
