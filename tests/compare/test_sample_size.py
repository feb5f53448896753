from __future__ import annotations

from dataclasses import fields
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.sample_size import (
    FOLDS,
    GRID,
    REPEATS,
    SEEDS,
    DesignGrid,
    RequiredSampleSize,
    required_sample_size,
)
from jointbench.compare.summary.decisions import FactorAdvice
from jointbench.compare.verdict_rule import dataset_verdict
from jointbench.stats.correlated_t_test import (
    Posterior,
    RegionProbabilities,
    correlated_t_test,
    mean_and_sd,
    posterior,
    posterior_scale,
)
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences

CRITERIA = VerdictCriteria()


def differences_with(
    mean: float, between: float, within: float, repeats: int = 5, folds: int = 5, seeds: int = 3
) -> np.ndarray:
    """Differences with exactly this mean and these standard deviations between and within folds."""
    cells = repeats * folds
    pattern = np.linspace(-1.0, 1.0, cells)
    inside = np.linspace(-1.0, 1.0, seeds) if seeds > 1 else np.zeros(1)
    inside = inside / inside.std(ddof=1) * within if seeds > 1 else inside
    total = np.sqrt(between**2 + within**2 / seeds)
    return (mean + pattern[:, None] / pattern.std(ddof=1) * total + inside).reshape(repeats, folds, seeds)


def required(differences: np.ndarray, grid: DesignGrid = GRID) -> RequiredSampleSize:
    return required_sample_size(differences, CRITERIA, saves=False, grid=grid)


def factor(size: RequiredSampleSize, name: str) -> FactorAdvice:
    return next(advice for advice in size.factors if advice.lever == name)


def predicted(mean: float, components: VarianceComponents, design: CVDesign) -> Posterior:
    """The posterior at another design, if mean and variance components stay as they are."""
    sd = np.sqrt(components.fold_variance(design.folds, design.seeds))
    return posterior(mean, float(posterior_scale(sd, design.pairs, design.folds)), design.pairs - 1)


def decisive(mean: float, components: VarianceComponents, design: CVDesign) -> bool:
    belief = predicted(mean, components, design).probabilities
    alone = RegionProbabilities(*(np.atleast_1d(getattr(belief, field.name)) for field in fields(belief)))
    return dataset_verdict(alone, CRITERIA, saves=False) != "inconclusive"


def test_predicts_the_present() -> None:
    differences = differences_with(0.004, 0.01, 0.02)
    size = required(differences)
    present = correlated_t_test(differences.mean(axis=2))
    assert size.design == CVDesign(5, 5, 3)
    assert size.half_width == pytest.approx((present.high - present.low) / 2)
    assert predicted(0.004, size.components[0], size.design).scale == pytest.approx(present.scale)


@pytest.mark.parametrize("setting", [CVDesign(5, 2, 1), CVDesign(5, 5, 8), CVDesign(10, 2, 3)])
def test_prediction_comes_true(setting: CVDesign) -> None:
    spread = VarianceComponents(0.01**2, 0.02**2, folds=5)
    after = simulate_differences(np.zeros(4000), spread, setting, np.random.default_rng(0)).mean(axis=3)
    _, sd = mean_and_sd(after.reshape(4000, -1))
    realised = posterior_scale(sd, setting.pairs, setting.folds)
    assert predicted(0.0, spread, setting).scale == pytest.approx(np.sqrt((realised**2).mean()), rel=0.03)


def test_seeds_settle_what_repeats_cannot() -> None:
    size = required(differences_with(0.0, 0.003, 0.03))
    repeats, seeds = factor(size, "repeats"), factor(size, "seeds")
    assert not size.decided
    assert repeats.reason == "floor too wide"
    assert repeats.setting is repeats.half_width is None
    assert repeats.floor == pytest.approx(1.96 * np.sqrt((0.003**2 + 0.03**2 / 3) / 4), rel=1e-3)
    assert seeds.reason == "settles"
    assert seeds.setting == CVDesign(5, 5, 20)
    assert seeds.half_width is not None and seeds.floor is not None
    assert seeds.floor < seeds.half_width < size.half_width


def test_repeats_settle_a_clear_difference() -> None:
    size = required(differences_with(-0.035, 0.02, 0.005, repeats=1))
    repeats = factor(size, "repeats")
    assert (size.decided, repeats.reason) == (False, "settles")
    assert repeats.setting is not None
    assert repeats.setting.folds == 5
    assert repeats.setting.seeds == 3


def test_nothing_settles_a_mean_on_the_edge() -> None:
    size = required(differences_with(0.01, 0.01, 0.02))
    assert size.cheapest is None
    assert [advice.reason for advice in size.factors] == ["floor too wide"] * 3


def test_beyond_the_grid_is_not_never() -> None:
    size = required(differences_with(0.0, 0.003, 0.03), DesignGrid(seeds=(4, 5)))
    assert factor(size, "seeds").reason == "beyond the grid"


def test_one_seed_says_so() -> None:
    size = required(differences_with(0.0, 0.02, 0.0, seeds=1))
    seeds = factor(size, "seeds")
    assert size.components[0].within is None
    assert (seeds.reason, seeds.setting, seeds.floor) == ("one seed: its spread is unknown", None, None)
    assert factor(size, "repeats").floor == pytest.approx(1.96 * 0.02 / 2, rel=1e-3)


def test_nothing_to_settle() -> None:
    size = required(differences_with(-0.1, 0.01, 0.01))
    assert (size.decided, size.factors, size.cheapest) == (True, (), None)


def test_more_folds_mostly_do_not_help() -> None:
    """Smaller test folds are noisier, so the floor over folds is not 0."""
    size = required(differences_with(0.0, 0.01, 0.02))
    floor = factor(size, "folds").floor
    assert floor is not None
    assert floor == pytest.approx(1.96 * predicted(0.0, size.components[0], CVDesign(10**6, 5, 3)).scale, rel=1e-3)


def test_a_failed_pair_is_left_out() -> None:
    differences = differences_with(0.004, 0.01, 0.02)
    differences[0, 0, 0] = np.nan  # one seed of the first fold, and the whole of the seventh
    differences[1, 1] = np.nan
    size = required(differences)
    left = [differences[0, 0, 1:].mean(), *np.delete(differences.reshape(25, 3).mean(axis=1), [0, 6])]
    present = correlated_t_test(left, folds=5)
    assert size.half_width == pytest.approx((present.high - present.low) / 2)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.03), st.floats(0.001, 0.05), st.sampled_from([1, 2, 5]))
def test_brute_force(mean: float, between: float, within: float, repeats: int) -> None:
    differences = differences_with(mean, between, within, repeats=repeats)
    size = required(differences)
    if size.decided:
        return
    now, spread, mean = size.design, size.components[0], float(differences.mean(axis=2).mean())
    fits = [
        CVDesign(k, r, s).fits
        for k, r, s in product(FOLDS, REPEATS, SEEDS)
        if (k > now.folds or (r >= now.repeats and s >= now.seeds)) and decisive(mean, spread, CVDesign(k, r, s))
    ]
    assert (None if size.cheapest is None else size.cheapest.fits) == min(fits, default=None)
    for advice in size.factors:
        assert advice.floor is not None
        if advice.setting is not None:
            assert advice.half_width is not None
            assert decisive(mean, spread, advice.setting)
            assert advice.floor < advice.half_width < size.half_width
    by_repeats = factor(size, "repeats")
    forever = decisive(mean, spread, CVDesign(now.folds, 10**8, now.seeds))
    assert (by_repeats.reason == "floor too wide") == (not forever)
    if by_repeats.setting is not None:
        fewer = [r for r in REPEATS if now.repeats < r < by_repeats.setting.repeats]
        assert not any(decisive(mean, spread, CVDesign(now.folds, r, now.seeds)) for r in fewer)
