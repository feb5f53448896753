"""The moderated t: its parts in closed form, and the truth inside its interval as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jointbench.stats.row_level import (
    OVERLAP_SHARE,
    PRIOR_DF,
    PRIOR_RATIO,
    RowDifferences,
    StudentT,
    minority,
    moderated_t,
    variance_evidence,
)
from jointbench.types import FloatArray


def five_folds(values: FloatArray, units: FloatArray | None = None) -> RowDifferences:
    rows, repeats, _ = values.shape
    fold = np.stack([np.roll(np.arange(rows) % 5, repeat) for repeat in range(repeats)], axis=1)
    return RowDifferences(values, fold, np.arange(rows) if units is None else units.astype(np.int64))


def known(differences: RowDifferences) -> StudentT:
    evidence = variance_evidence(differences)
    assert evidence is not None
    return moderated_t(evidence)


def test_one_repeat_is_the_formula_by_hand() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.1, 1.0, (50, 1, 1))
    differences = five_folds(values)
    by_fold = [values[differences.fold[:, 0] == fold, 0, 0] for fold in range(5)]
    means = np.array([fold.mean() for fold in by_fold])
    residuals = np.concatenate([fold - fold.mean() for fold in by_fold])
    rows = residuals @ residuals / 50**2 * 50 / 49
    moderated = (PRIOR_DF * PRIOR_RATIO * 5 * rows + 4 * means.var(ddof=1)) / (PRIOR_DF + 4)
    found = known(differences)
    assert found.mean == pytest.approx(means.mean(), rel=1e-12)
    share = 1 / 5 + OVERLAP_SHARE / 4
    assert found.scale == pytest.approx(np.sqrt(rows + max(0.0, moderated - 5 * rows) * share), rel=1e-12)
    assert found.df == PRIOR_DF + 4
    assert not found.floor_known


def test_rows_kept_together_count_once() -> None:
    """Every row twice, as one unit: the same knowledge as each row once."""
    rng = np.random.default_rng(1)
    once = rng.normal(0.0, 1.0, (60, 1, 1))
    fold = np.arange(60)[:, None] % 5
    twice = RowDifferences(np.repeat(once, 2, axis=0), np.repeat(fold, 2, axis=0), np.repeat(np.arange(60), 2))
    assert known(twice).scale == pytest.approx(known(RowDifferences(once, fold, np.arange(60))).scale, rel=1e-12)


def test_repeats_shrink_what_fits_add_and_never_the_rows() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(0.0, 1.0, (200, 1, 1))
    scales = []
    for repeats in (1, 4, 16):
        differences = five_folds(np.repeat(rows, repeats, axis=1))
        fits = rng.normal(0.0, 0.5, (repeats, 5))
        shifted = np.take_along_axis(fits.T, differences.fold, axis=0)[:, :, None]
        scales.append(known(replace(differences, values=differences.values + shifted, overlap=0.0)))
    assert scales[0].scale > scales[1].scale > scales[2].scale > scales[2].floor_scale
    for known_floor in scales[1:]:
        assert known_floor.floor_scale == pytest.approx(1 / np.sqrt(200), rel=0.1)


def test_what_the_training_rows_have_in_common_does_not_average_out() -> None:
    """The same fits with more overlap: wider, and so is the floor that no further fit goes below."""
    rng = np.random.default_rng(7)
    differences = five_folds(rng.normal(0.0, 1.0, (200, 8, 1)))
    shifted = differences.values + rng.normal(0.0, 0.5, (8, 5))[np.arange(8), differences.fold][:, :, None]
    none, usual, forward = (known(replace(differences, values=shifted, overlap=o)) for o in (0.0, None, 0.457))
    assert none.scale < usual.scale < forward.scale
    assert none.floor_scale < usual.floor_scale < forward.floor_scale
    added = (usual.scale**2 - none.scale**2) / (forward.scale**2 - none.scale**2)
    assert added == pytest.approx(0.25 / 0.457, rel=1e-9)


@pytest.mark.parametrize(("repeats", "seeds"), [(2, 1), (1, 2), (8, 1), (4, 3)])
def test_the_floor_is_what_rows_alone_leave_whatever_fits_add(repeats: int, seeds: int) -> None:
    """Rows differ by 1, one fit on a row by 2: more fits bring the variance of the rows' mean from (1 + 4)/n to 1/n."""
    rng, n, draws = np.random.default_rng(5), 300, 40
    evidence = []
    for _ in range(draws):
        values = rng.normal(0.0, 1.0, (n, 1, 1)) + rng.normal(0.0, 2.0, (n, repeats, seeds))
        found = variance_evidence(five_folds(values))
        assert found is not None
        evidence.append(found)
    fits = repeats * seeds
    assert np.mean([e.rows for e in evidence]) == pytest.approx((1 + 4 / fits) / n, rel=0.06)
    assert np.mean([e.single for e in evidence]) == pytest.approx((1 + 4 / seeds) / n, rel=0.06)
    assert np.mean([e.floor for e in evidence]) == pytest.approx(1 / n, rel=0.2)


def test_the_floor_is_none_where_fits_are_all_that_differs_and_unknown_after_one_fit() -> None:
    rng = np.random.default_rng(6)
    noise = variance_evidence(five_folds(rng.normal(0.0, 2.0, (400, 16, 1))))
    once = variance_evidence(five_folds(rng.normal(0.0, 2.0, (400, 1, 1))))
    assert noise is not None
    assert once is not None
    assert noise.floor < 0.1 * noise.single
    assert np.isnan(once.floor)
    assert not moderated_t(once).floor_known


def test_missing_rows_seeds_and_folds_are_left_out() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0.0, 1.0, (100, 2, 3))
    values[:5] = np.nan
    values[10:20, 0, 1] = np.nan
    differences = five_folds(values)
    values[differences.fold[:, 1] == 2, 1] = np.nan
    found = known(RowDifferences(values, differences.fold, differences.units))
    assert np.isfinite([found.mean, found.scale, found.df]).all()
    kept = slice(5, None)
    same = known(RowDifferences(values[kept], differences.fold[kept], differences.units[kept]))
    assert found.scale == pytest.approx(same.scale, rel=1e-12)


def test_too_little_gives_nothing() -> None:
    values = np.full((10, 1, 1), np.nan)
    assert variance_evidence(five_folds(values)) is None
    values[0] = 1.0
    assert variance_evidence(five_folds(values)) is None


def test_equal_differences_are_a_point() -> None:
    assert known(five_folds(np.full((50, 2, 2), 0.25))).scale == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("fits", "least", "most"), [(0.0, 0.95, 1.0), (0.5, 0.93, 0.99), (1.0, 0.91, 0.99)])
def test_the_truth_is_inside_as_often_as_it_says(fits: float, least: float, most: float) -> None:
    """fits: standard deviation between fits over that of a fold mean by its rows alone."""
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(1500):
        differences = five_folds(rng.standard_normal((200, 1, 1)))
        shift = rng.normal(0.0, fits / np.sqrt(40), 5)[differences.fold][:, :, None]
        found = known(RowDifferences(differences.values + shift, differences.fold, differences.units))
        inside.append(abs(found.mean) <= found.scale * stats.t.ppf(0.975, found.df))
    assert least <= np.mean(inside) <= most


@pytest.mark.parametrize(("rare", "df"), [(None, 8.0), (40, 8.0), (9, 8.0), (4, 3.0), (1, 1.0), (0, 1.0)])
def test_few_rows_of_a_rare_class_bound_the_degrees_of_freedom(rare: int | None, df: float) -> None:
    """Four rows of a class among three hundred tell a variance as badly as four rows do."""
    fold = np.tile(np.arange(5), 60)[:, None]
    values = np.random.default_rng(5).normal(size=(300, 1, 1))
    evidence = variance_evidence(RowDifferences(values, fold, np.arange(300), minority=rare))
    assert evidence is not None
    assert moderated_t(evidence).df == df


def test_the_minority_is_what_the_most_frequent_class_leaves() -> None:
    assert minority(np.array([0, 0, 1, 2, 0])) == 2
    assert minority(np.array([], np.int64)) == 0
