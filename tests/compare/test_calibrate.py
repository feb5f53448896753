from __future__ import annotations

import numpy as np
import pytest

from jointbench.compare.calibrate import SETTINGS, SPREAD, calibrate, smallest_setting
from jointbench.compare.correlated import correlated_t_test
from jointbench.compare.output_verdict import output_verdict
from jointbench.compare.spread import Setting, Spread, simulate_differences

NO_SEED_NOISE = Spread(0.01**2, 0.0, folds=5)  # the hardest case: the test's model holds exactly


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_rates_are_within_their_limits(setting: Setting) -> None:
    got = calibrate(setting, np.random.default_rng(0), comparisons=1000)
    assert got.false_verdict_rate <= 0.05
    assert got.edge_rate <= 0.05
    assert got.wrong_recommendation_rate <= 0.05
    assert got.power_0_03 >= 0.8
    assert got.naive_false_positive_rate > 0.1  # what the naive test does on the same data


@pytest.mark.parametrize("setting", [Setting(5, 1, 1), Setting(5, 5, 1), Setting(10, 10, 1)], ids=str)
def test_the_edge_rate_is_exact_without_seed_noise(setting: Setting) -> None:
    """Neither above 5 % nor needlessly below: 8,000 comparisons are within 0.8 points of it (3.3 standard errors)."""
    got = calibrate(setting, np.random.default_rng(1), spread=NO_SEED_NOISE, comparisons=8000)
    assert got.edge_rate == pytest.approx(0.05, abs=0.008)


def test_without_a_region_to_speak_of_equal_arms_get_ten_per_cent() -> None:
    """Each side has 5 %: where the noise dwarfs the region, 0.95 per verdict is not 5 % false verdicts."""
    got = calibrate(Setting(5, 5, 1), np.random.default_rng(2), spread=Spread(1.0, 0.0, folds=5), comparisons=8000)
    assert got.false_verdict_rate == pytest.approx(0.10, abs=0.012)


def test_a_stronger_correlation_is_noticed() -> None:
    """The study can fail: were folds correlated by 0.6, verdicts at rho = 1/K would be wrong too often."""
    got = calibrate(Setting(5, 5, 1), np.random.default_rng(3), spread=NO_SEED_NOISE, comparisons=1000, correlation=0.6)
    assert got.edge_rate > 0.1


def test_decides_as_the_tests_one_by_one_do() -> None:
    setting, count = Setting(5, 3, 2), 300
    got = calibrate(setting, np.random.default_rng(4), comparisons=count, spread=Spread(0.02**2, 0.01**2, folds=5))
    # the first comparisons that calibrate draws are those of truly equal arms
    drawn = simulate_differences(
        np.zeros(count), Spread(0.02**2, 0.01**2, folds=5), setting, np.random.default_rng(4)
    ).mean(axis=3)
    verdicts = [output_verdict(correlated_t_test(differences)) for differences in drawn]
    assert got.equivalent_found == pytest.approx(np.mean([verdict == "equivalent" for verdict in verdicts]))
    assert got.false_verdict_rate == pytest.approx(np.mean([v in ("joint", "separate") for v in verdicts]))


def test_holds_on_real_folds_of_rows() -> None:
    """Not the study's own generator: rows with their own noise, cut into folds again in every repeat."""
    generator = np.random.default_rng(5)
    rows, folds, repeats, count = 250, 5, 3, 1500
    beyond = not_worse = 0
    for _ in range(count):
        draws = generator.normal(0.01, 0.15, rows)
        differences = np.stack(
            [generator.permutation(draws).reshape(folds, rows // folds).mean(axis=1) for _ in range(repeats)]
        )
        beyond += output_verdict(correlated_t_test(differences)) in ("joint", "separate")
        not_worse += correlated_t_test(differences - 0.02).probability_above(-0.01) >= 0.95
    assert 0.0 < beyond / count <= 0.05
    assert 0.0 < not_worse / count <= 0.05  # truth exactly at the lower edge


def test_seeds_raise_power() -> None:
    noisy = Spread(0.01**2, 0.04**2, folds=5)
    found = [
        calibrate(setting, np.random.default_rng(6), spread=noisy, comparisons=400).power_0_03
        for setting in (Setting(5, 2, 1), Setting(5, 2, 3), Setting(5, 2, 10))
    ]
    assert found[0] < found[1] < found[2]


def test_the_recommendation_needs_every_output() -> None:
    setting = Setting(10, 10, 10)
    one, three = (calibrate(setting, np.random.default_rng(7), comparisons=400, outputs=n) for n in (1, 3))
    assert one.recommendation_found > three.recommendation_found > 0.5
    wide = Spread(0.05**2, 0.0, folds=5)
    rate = calibrate(setting, np.random.default_rng(8), spread=wide, comparisons=1000, outputs=3)
    assert rate.wrong_recommendation_rate <= 0.05


def test_smallest_setting_is_the_first_by_fits() -> None:
    easy = Spread(0.003**2, 0.008**2, folds=5)
    result = smallest_setting(np.random.default_rng(9), spread=easy, comparisons=300)
    assert result.found is not None and result.found is result.tried[-1]
    assert min(result.found.power_0_03, result.found.equivalent_found) >= 0.8
    fits = [one.setting.fits for one in result.tried]
    assert fits == sorted(fits)
    assert all(min(one.power_0_03, one.equivalent_found) < 0.8 for one in result.tried[:-1])


def test_smallest_setting_admits_that_none_does() -> None:
    hopeless = Spread(0.05**2, 0.01**2, folds=5)
    result = smallest_setting(np.random.default_rng(10), spread=hopeless, comparisons=100, most_fits=100)
    assert result.found is None
    assert max(one.setting.fits for one in result.tried) <= 100
    assert result.tried


def test_refuses_a_spread_of_one_seed() -> None:
    with pytest.raises(ValueError, match="spread within folds"):
        calibrate(Setting(5, 1, 1), np.random.default_rng(0), spread=Spread(1e-4, None, 5))


def test_the_same_seed_gives_the_same_rates() -> None:
    first, second = (calibrate(Setting(5, 2, 2), np.random.default_rng(11), comparisons=200) for _ in range(2))
    assert first == second
    assert first.spread == SPREAD
