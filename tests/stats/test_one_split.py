"""One set of test rows and several fits: the interval by hand, and the truth inside it as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.row_level import RowDifferences, StudentT, moderated_t, variance_evidence
from jointbench.types import FloatArray


def of_fits(values: FloatArray) -> RowDifferences:
    """values: (rows, fits)."""
    return RowDifferences(values[:, :, None], np.zeros(values.shape, np.int64), np.arange(len(values)), overlap=0.0)


def known(values: FloatArray) -> StudentT:
    evidence = variance_evidence(of_fits(values))
    assert evidence is not None
    return moderated_t(evidence)


def test_it_is_the_formula_by_hand() -> None:
    values = np.random.default_rng(0).normal(0.1, 1.0, (40, 5))
    rows = values.mean(axis=1).var(ddof=1) / 40
    fits = values.mean(axis=0).var(ddof=1) / 5
    belief = known(values)
    assert belief.mean == pytest.approx(values.mean())
    assert belief.scale == pytest.approx(np.sqrt(rows + fits))
    assert belief.df == pytest.approx((rows + fits) ** 2 / (rows**2 / 39 + fits**2 / 4))


def test_two_fits_say_too_little_of_how_much_fits_differ() -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    assert variance_evidence(of_fits(values[:, :2])) is None
    values[:, 2] = np.nan  # a fit that failed
    assert variance_evidence(of_fits(values)) is None


def test_few_rows_outside_the_most_frequent_class_bound_the_degrees_of_freedom() -> None:
    evidence = variance_evidence(of_fits(np.random.default_rng(0).normal(size=(40, 9))))
    assert evidence is not None
    assert moderated_t(replace(evidence, minority=4)).df == 3


@pytest.mark.parametrize(("of_rows", "of_fit", "of_both"), [(1.0, 0.02, 0.3), (1.0, 0.2, 1.0), (0.1, 0.2, 0.1)])
def test_the_truth_lies_inside_as_often_as_it_says(of_rows: float, of_fit: float, of_both: float) -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(1000):
        rows, fits = rng.normal(0, of_rows, (60, 1)), rng.normal(0, of_fit, (1, 5))
        belief = known(rows + fits + rng.normal(0, of_both, (60, 5)))
        inside += abs(belief.mean) <= belief.scale * stats.t.ppf(0.975, belief.df)
    assert 0.925 <= inside / 1000 <= 0.99


def test_costs_of_fits_on_the_same_rows_have_the_interval_of_a_plain_mean() -> None:
    values = np.random.default_rng(1).normal(size=6)
    posterior = correlated_t_test(values, overlap=0.0)
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    assert (posterior.low, posterior.high) == pytest.approx((low, high))
