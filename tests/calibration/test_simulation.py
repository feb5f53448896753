"""Verdicts are right as often as they say, on simulated comparisons; and a test that is wrong too often is caught."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from jointbench.calibration.noise import OBSERVED_NOISE
from jointbench.calibration.simulation import GRID, TARGET, Draws, calibrate, decide, draw, reached, smallest_design
from jointbench.calibration.study import DESIGNS
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.verdict_rule import output_verdict, safe_outputs
from jointbench.stats.correlated_t_test import correlated_t_test, mean_and_sd
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences

NO_SEED_NOISE = VarianceComponents(0.01**2, 0.0, folds=5)  # the hardest case: the test's model holds exactly
WINE = [seen for seen in OBSERVED_NOISE if seen.dataset == "wine_quality"]
COMPARISONS = 1000
CRITERIA = VerdictCriteria()
LIMIT = 0.05  # of each kind of mistake


def within_limit(rate: float, comparisons: int = COMPARISONS) -> bool:
    """At most 5 %, but for what so many draws may be off by (three standard errors)."""
    return rate <= LIMIT + 3 * sqrt(LIMIT * (1 - LIMIT) / comparisons)


@pytest.mark.parametrize("setting", DESIGNS, ids=str)
def test_mistakes_are_within_their_limits_at_the_noise_that_was_seen(setting: CVDesign) -> None:
    generator = np.random.default_rng(0)
    for seen in OBSERVED_NOISE:
        rates = calibrate(setting, seen.spread, generator, comparisons=COMPARISONS)
        assert within_limit(rates.false_verdict_rate), seen
        assert within_limit(rates.edge_rate), seen


def test_the_naive_test_does_not_pass() -> None:
    """The limit can be broken: on the same folds the ordinary t-test breaks it at every repeated design."""
    for seen in WINE:
        for setting in DESIGNS[3:]:
            rates = calibrate(setting, seen.spread, np.random.default_rng(0), comparisons=COMPARISONS)
            assert not within_limit(rates.naive_false_positive_rate), (seen.output, setting)


@pytest.mark.parametrize("setting", [CVDesign(5, 1, 1), CVDesign(5, 5, 1), CVDesign(10, 10, 1)], ids=str)
def test_the_edge_rate_is_exact_without_seed_noise(setting: CVDesign) -> None:
    """Neither above 5 % nor needlessly below: 8,000 comparisons are within 0.8 points of it (3.3 standard errors)."""
    rates = calibrate(setting, NO_SEED_NOISE, np.random.default_rng(1), comparisons=8000)
    assert rates.edge_rate == pytest.approx(0.05, abs=0.008)


def test_without_a_region_to_speak_of_equal_arms_get_ten_per_cent() -> None:
    """Each side has 5 %: where the noise dwarfs the region, 0.95 per verdict is not 5 % false verdicts."""
    rates = calibrate(
        CVDesign(5, 5, 1), VarianceComponents(1.0, 0.0, folds=5), np.random.default_rng(2), comparisons=8000
    )
    assert rates.false_verdict_rate == pytest.approx(0.10, abs=0.012)


def test_a_stronger_correlation_is_noticed() -> None:
    """The study can fail: were folds correlated by 0.6, verdicts at rho = 1/K would be wrong too often."""
    generator = np.random.default_rng(3)
    shared = generator.normal(0.0, np.sqrt(NO_SEED_NOISE.between * 0.6 / 0.4), (COMPARISONS, 1))
    drawn = shared + generator.normal(0.0, np.sqrt(NO_SEED_NOISE.between), (COMPARISONS, 25))
    draws = Draws(*mean_and_sd(drawn), CVDesign(5, 5, 1))
    above, below = decide(0.01, draws), decide(-0.01, draws)  # the edges of the region
    assert np.mean([above.different, below.different]) > 0.1


def test_says_what_the_tests_say_one_by_one() -> None:
    spread, setting = VarianceComponents(0.02**2, 0.01**2, folds=5), CVDesign(5, 3, 2)
    draws = draw(spread, setting, 300, np.random.default_rng(4))
    drawn = simulate_differences(
        np.full(300, -0.02),
        VarianceComponents(0.02**2, 0.01**2 / 2, folds=5),
        CVDesign(5, 3, 1),
        np.random.default_rng(4),
    )[..., 0]
    simulated = decide(-0.02, draws)
    beliefs = [correlated_t_test(differences) for differences in drawn]
    verdicts = np.array([output_verdict(belief, CRITERIA) for belief in beliefs])
    for verdict, mask in (
        ("joint", simulated.verdicts.joint),
        ("equivalent", simulated.verdicts.equivalent),
        ("separate", simulated.verdicts.separate),
    ):
        assert ((verdicts == verdict) == mask).all()
    assert simulated.verdicts.separate.any()
    assert simulated.probabilities.other_better == pytest.approx(
        [belief.probability_other_better for belief in beliefs], abs=1e-12
    )
    naive_p = stats.ttest_1samp(drawn.reshape(300, -1), 0.0, axis=1).pvalue
    assert (simulated.naive == (naive_p < 0.05)).all()
    assert (
        safe_outputs(simulated.probabilities, CRITERIA)
        == [belief.probability_above(-0.01) >= 0.95 for belief in beliefs]
    ).all()


def test_seeds_drawn_as_their_average_have_the_same_distribution() -> None:
    spread, setting = VarianceComponents(0.01**2, 0.03**2, folds=5), CVDesign(5, 4, 6)
    drawn = (
        simulate_differences(np.zeros(6000), spread, setting, np.random.default_rng(5)).mean(axis=3).reshape(6000, -1)
    )
    draws = draw(spread, setting, 6000, np.random.default_rng(6))
    assert draws.mean.std() == pytest.approx(drawn.mean(axis=1).std(), rel=0.05)
    assert (draws.sd**2).mean() == pytest.approx(drawn.var(axis=1, ddof=1).mean(), rel=0.03)


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
        beyond += output_verdict(correlated_t_test(differences), CRITERIA) in ("joint", "separate")
        not_worse += correlated_t_test(differences - 0.02).probability_above(-0.01) >= 0.95
    assert 0.0 < beyond / count <= 0.05
    assert 0.0 < not_worse / count <= 0.05  # truth exactly at the lower edge


def test_seeds_raise_power() -> None:
    noisy = VarianceComponents(0.01**2, 0.04**2, folds=5)
    power = [
        calibrate(setting, noisy, np.random.default_rng(6), comparisons=400).power_0_03
        for setting in (CVDesign(5, 2, 1), CVDesign(5, 2, 3), CVDesign(5, 2, 10))
    ]
    assert power[0] < power[1] < power[2]


def test_smallest_design_is_the_first_by_fits_that_serves_every_spread() -> None:
    easy, harder = VarianceComponents(0.003**2, 0.008**2, folds=5), VarianceComponents(0.003**2, 0.02**2, folds=5)
    tried = smallest_design([easy, harder], np.random.default_rng(9), comparisons=300)
    assert min(rate.found for rate in tried[-1]) >= TARGET
    fits = [rates[0].setting.fits for rates in tried]
    assert fits == sorted(fits)
    assert not any(reached(rates) for rates in tried[:-1])
    assert smallest_design([easy], np.random.default_rng(9), comparisons=300)[-1][0].setting.fits < fits[-1]


def test_smallest_design_admits_that_none_does() -> None:
    hopeless = VarianceComponents(0.05**2, 0.01**2, folds=5)
    tried = smallest_design([hopeless], np.random.default_rng(10), comparisons=100, grid=replace(GRID, most_fits=100))
    assert tried
    assert not reached(tried[-1])
    assert max(rates[0].setting.fits for rates in tried) <= 100


def test_refuses_a_spread_of_one_seed() -> None:
    with pytest.raises(ValueError, match="spread within folds"):
        calibrate(CVDesign(5, 1, 1), VarianceComponents(1e-4, None, 5), np.random.default_rng(0))
