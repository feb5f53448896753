"""The quantiles of a studentised mean: the normal's where rows are normal, and skewed where rows are."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.stats.row_level import RowDifferences
from jointbench.stats.studentised_bootstrap import bootstrap_quantiles
from jointbench.types import FloatArray, IntArray


def in_folds(values: FloatArray, units: IntArray | None = None) -> RowDifferences:
    rows = len(values)
    own = np.arange(rows) if units is None else units
    return RowDifferences(values[:, None, None], own[:, None] % 5, own)


def test_normal_rows_have_the_quantiles_of_a_normal_mean() -> None:
    rng = np.random.default_rng(0)
    found = np.mean([bootstrap_quantiles(in_folds(rng.normal(0.3, 2.0, 400)), seed) for seed in range(10)], axis=0)
    assert found == pytest.approx([-1.96, 1.96], abs=0.07)


def test_rows_skewed_to_the_right_have_a_long_left_tail_and_the_mirror_image_a_long_right_one() -> None:
    """A sample without the rare large losses has too small a mean and too small an error: its ratio is far below 0."""
    losses = np.random.default_rng(1).lognormal(0.0, 1.2, 150)
    low, high = bootstrap_quantiles(in_folds(losses), 0)
    assert low < -2.3
    assert high < 1.8
    assert bootstrap_quantiles(in_folds(-losses), 0) == pytest.approx((-high, -low), rel=1e-9)


def test_neither_unit_nor_place_of_the_differences_matters() -> None:
    values = np.random.default_rng(2).gamma(1.0, 1.0, 120)
    assert bootstrap_quantiles(in_folds(5.0 - 0.01 * values), 3) == pytest.approx(
        bootstrap_quantiles(in_folds(-values), 3), rel=1e-9
    )


def test_rows_kept_together_are_drawn_together() -> None:
    """Each row twice, as one unit, is each row once."""
    values = np.random.default_rng(3).gamma(1.0, 1.0, 60)
    twice = in_folds(np.repeat(values, 2), np.repeat(np.arange(60), 2))
    assert bootstrap_quantiles(twice, 4) == pytest.approx(bootstrap_quantiles(in_folds(values), 4), rel=1e-9)


def test_too_little_has_no_quantiles() -> None:
    assert np.isnan(bootstrap_quantiles(in_folds(np.array([1.0])), 0)).all()
    assert np.isnan(bootstrap_quantiles(in_folds(np.full(20, np.nan)), 0)).all()
    assert np.isnan(bootstrap_quantiles(in_folds(np.full(20, 0.25)), 0)).all()
