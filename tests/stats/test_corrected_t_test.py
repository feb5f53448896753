from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.stats.corrected_t_test import corrected_t_test, holm, two_sided_p
from jointbench.stats.correlated_t_test import correlated_t_test

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=8).map(np.array)


def test_closed_form() -> None:
    differences = np.array([[0.01, 0.02, 0.06], [0.03, 0.05, 0.01]])
    test = corrected_t_test(differences)
    statistic = differences.mean() / np.sqrt((1 / 6 + 1 / 2) * differences.var(ddof=1))
    assert test.statistic == pytest.approx(statistic)
    assert test.df == 5
    assert test.p_value == pytest.approx(2 * stats.t.sf(statistic, 5))


def test_is_the_posterior_s_two_tails() -> None:
    differences = np.random.default_rng(0).normal(-0.01, 0.02, (5, 5))
    above = correlated_t_test(differences).probability_above(0.0)
    assert corrected_t_test(differences).p_value == pytest.approx(2 * min(above, 1 - above))


def test_the_uncorrected_p_value_is_scipys_and_smaller() -> None:
    differences = np.random.default_rng(1).normal(0.01, 0.02, (5, 5))
    p_value = two_sided_p(differences.mean(), differences.std(ddof=1) / 5, 24)
    assert p_value == pytest.approx(stats.ttest_1samp(differences.ravel(), 0.0).pvalue)
    assert p_value < corrected_t_test(differences).p_value


def test_no_spread() -> None:
    assert corrected_t_test(np.zeros(5), folds=5).p_value == 1.0
    assert corrected_t_test(np.full(5, 0.1), folds=5).p_value == 0.0
    assert corrected_t_test(np.full(5, -0.1), folds=5).statistic == -np.inf


def test_refuses_one_difference() -> None:
    with pytest.raises(ValueError, match="at least 2 paired"):
        corrected_t_test([0.1], folds=5)


def test_holm_known_example() -> None:
    """R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


@given(p_values, st.randoms(use_true_random=False))
def test_holm_properties(p: np.ndarray, random: object) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1.0, p * p.size) + 1e-15).all()  # never worse than Bonferroni
    assert adjusted.min() == min(1.0, p.min() * p.size)  # the smallest is Bonferroni's
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    np.testing.assert_array_equal(holm(p[::-1]), adjusted[::-1])


@given(p_values, st.floats(0.01, 0.2))
def test_holm_rejects_what_the_step_down_rejects(p: np.ndarray, alpha: float) -> None:
    rejected = set()
    for rank, test in enumerate(np.argsort(p, kind="stable")):
        if p[test] * (p.size - rank) > alpha:
            break
        rejected.add(int(test))
    assert set(np.flatnonzero(holm(p) <= alpha).tolist()) == rejected


@pytest.mark.parametrize("p", [[0.1, 1.2], [-0.1], [float("nan")], [[0.1], [-0.1]], 0.1])
def test_holm_refuses_what_is_no_probability(p: object) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(p)


@given(st.integers(1, 6), st.integers(1, 5), st.randoms(use_true_random=False))
def test_holm_corrects_each_column_on_its_own(tests: int, columns: int, random: Random) -> None:
    p = np.array([[random.random() for _ in range(columns)] for _ in range(tests)])
    expected = np.stack([holm(p[:, i]) for i in range(columns)], axis=1)
    np.testing.assert_array_equal(holm(p), expected)
