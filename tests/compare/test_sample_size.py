from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.compare.sample_size import FOLDS, REPEATS, SEEDS, Advice, predicted_posterior, required_sample_size
from jointbench.compare.summary.decisions import FactorAdvice
from jointbench.compare.verdict import output_verdict
from jointbench.stats.correlated_t_test import correlated_t_test, mean_and_sd, posterior_scale
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences


def seen(mean: float, between: float, within: float, repeats: int = 5, folds: int = 5, seeds: int = 3) -> np.ndarray:
    """Differences with exactly this mean and these standard deviations between and within folds."""
    cells = repeats * folds
    pattern = np.linspace(-1.0, 1.0, cells)
    inside = np.linspace(-1.0, 1.0, seeds) if seeds > 1 else np.zeros(1)
    inside = inside / inside.std(ddof=1) * within if seeds > 1 else inside
    total = np.sqrt(between**2 + within**2 / seeds)
    return (mean + pattern[:, None] / pattern.std(ddof=1) * total + inside).reshape(repeats, folds, seeds)


def lever(advice: Advice, name: str) -> FactorAdvice:
    return next(one for one in advice.levers if one.lever == name)


def decisive(mean: float, spread: VarianceComponents, setting: CVDesign) -> bool:
    return output_verdict(predicted_posterior(mean, spread, setting)) != "inconclusive"


def test_predicts_the_present() -> None:
    differences = seen(0.004, 0.01, 0.02)
    advice = required_sample_size(differences)
    present = correlated_t_test(differences.mean(axis=2))
    assert advice.setting == CVDesign(5, 5, 3)
    assert advice.half_width == pytest.approx((present.high - present.low) / 2)
    assert predicted_posterior(0.004, advice.spreads[0], advice.setting).scale == pytest.approx(present.scale)


@pytest.mark.parametrize("setting", [CVDesign(5, 2, 1), CVDesign(5, 5, 8), CVDesign(10, 2, 3)])
def test_prediction_comes_true(setting: CVDesign) -> None:
    spread = VarianceComponents(0.01**2, 0.02**2, folds=5)
    after = simulate_differences(np.zeros(4000), spread, setting, np.random.default_rng(0)).mean(axis=3)
    _, sd = mean_and_sd(after.reshape(4000, -1))
    realised = posterior_scale(sd, setting.pairs, setting.folds)
    assert predicted_posterior(0.0, spread, setting).scale == pytest.approx(np.sqrt((realised**2).mean()), rel=0.03)


def test_seeds_settle_what_repeats_cannot() -> None:
    advice = required_sample_size(seen(0.0, 0.003, 0.03))
    repeats, seeds = lever(advice, "repeats"), lever(advice, "seeds")
    assert not advice.decided
    assert repeats.reason == "floor too wide"
    assert repeats.setting is repeats.half_width is None
    assert repeats.floor == pytest.approx(1.96 * np.sqrt((0.003**2 + 0.03**2 / 3) / 4), rel=1e-3)
    assert seeds.reason == "settles"
    assert seeds.setting == CVDesign(5, 5, 20)
    assert seeds.half_width is not None and seeds.floor is not None
    assert seeds.floor < seeds.half_width < advice.half_width


def test_repeats_settle_a_clear_difference() -> None:
    advice = required_sample_size(seen(0.035, 0.02, 0.005, repeats=1))
    repeats = lever(advice, "repeats")
    assert (advice.decided, repeats.reason) == (False, "settles")
    assert repeats.setting is not None
    assert repeats.setting.folds == 5
    assert repeats.setting.seeds == 3


def test_nothing_settles_a_mean_on_the_edge() -> None:
    advice = required_sample_size(seen(0.01, 0.01, 0.02))
    assert advice.cheapest is advice.cheapest_half_width is None
    assert [one.reason for one in advice.levers] == ["floor too wide"] * 3


def test_beyond_the_grid_is_not_never() -> None:
    advice = required_sample_size(seen(0.0, 0.003, 0.03), seeds=(4, 5))
    assert lever(advice, "seeds").reason == "beyond the grid"


def test_one_seed_says_so() -> None:
    advice = required_sample_size(seen(0.0, 0.02, 0.0, seeds=1))
    seeds = lever(advice, "seeds")
    assert advice.spreads[0].within is None
    assert (seeds.reason, seeds.setting, seeds.floor) == ("one seed: its spread is unknown", None, None)
    assert lever(advice, "repeats").floor == pytest.approx(1.96 * 0.02 / 2, rel=1e-3)


def test_nothing_to_settle() -> None:
    advice = required_sample_size(seen(0.1, 0.01, 0.01))
    assert (advice.decided, advice.levers, advice.cheapest) == (True, (), None)


def test_more_folds_mostly_do_not_help() -> None:
    """Smaller test folds are noisier, so the floor over folds is not 0 unless the spread is told not to grow."""
    spread = required_sample_size(seen(0.0, 0.01, 0.02)).spreads[0]
    floor = lever(required_sample_size(seen(0.0, 0.01, 0.02)), "folds").floor
    assert floor is not None
    assert floor == pytest.approx(1.96 * predicted_posterior(0.0, spread, CVDesign(10**6, 5, 3)).scale, rel=1e-3)
    constant = required_sample_size(seen(0.0, 0.01, 0.02), test_noise=0.0)
    assert lever(constant, "folds").floor == 0.0
    assert predicted_posterior(0.0, constant.spreads[0], CVDesign(10**6, 5, 3)).scale < 1e-4


def test_a_failed_pair_is_left_out() -> None:
    differences = seen(0.004, 0.01, 0.02)
    differences[0, 0, 0] = np.nan  # one seed of the first fold, and the whole of the seventh
    differences[1, 1] = np.nan
    advice = required_sample_size(differences)
    left = [differences[0, 0, 1:].mean(), *np.delete(differences.reshape(25, 3).mean(axis=1), [0, 6])]
    present = correlated_t_test(left, folds=5)
    assert advice.half_width == pytest.approx((present.high - present.low) / 2)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.03), st.floats(0.001, 0.05), st.sampled_from([1, 2, 5]))
def test_brute_force(mean: float, between: float, within: float, repeats: int) -> None:
    differences = seen(mean, between, within, repeats=repeats)
    advice = required_sample_size(differences)
    if advice.decided:
        return
    now, spread, mean = advice.setting, advice.spreads[0], float(differences.mean(axis=2).mean())
    fits = [
        CVDesign(k, r, s).fits
        for k, r, s in product(FOLDS, REPEATS, SEEDS)
        if (k > now.folds or (r >= now.repeats and s >= now.seeds)) and decisive(mean, spread, CVDesign(k, r, s))
    ]
    assert (None if advice.cheapest is None else advice.cheapest.fits) == min(fits, default=None)
    for one in advice.levers:
        assert one.floor is not None
        if one.setting is not None:
            assert one.half_width is not None
            assert decisive(mean, spread, one.setting)
            assert one.floor < one.half_width < advice.half_width
    by_repeats = lever(advice, "repeats")
    forever = decisive(mean, spread, CVDesign(now.folds, 10**8, now.seeds))
    assert (by_repeats.reason == "floor too wide") == (not forever)
    if by_repeats.setting is not None:
        fewer = [r for r in REPEATS if now.repeats < r < by_repeats.setting.repeats]
        assert not any(decisive(mean, spread, CVDesign(now.folds, r, now.seeds)) for r in fewer)
