"""The simulation study behind ``jointbench calibrate``: is the verdict on one output right as often as it says?

Each comparison is simulated with the fold-correlated noise that ``spread.simulate_differences`` describes and decided
as a real one is. An edge rate of 5 % is what exact calibration gives: seed noise, which the test takes for correlated
and is not, brings it below. Without a region to speak of beside the noise, truly equal arms get a false verdict in up
to 2 * (1 - probability) of the comparisons, half on each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import sqrt

import numpy as np
import numpy.typing as npt

from jointbench.compare.sample_size import FOLDS, REPEATS, SEEDS
from jointbench.compare.verdict import PROBABILITY, check_probability
from jointbench.stats.corrected_t_test import two_sided_p
from jointbench.stats.correlated_t_test import ROPE, mean_and_sd, posterior_scale, probability_above
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences
from jointbench.types import FloatArray

EFFECT = 0.03  # skill: the true difference that has to be found
TARGET = 0.8  # share of true differences of EFFECT, and of truly equal arms, that a good setting finds
MOST_FITS = 2000  # per network of an arm: no setting beyond is worth looking at

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Shares of ``comparisons`` simulated comparisons of one output, each in [0, 1], at one setting and spread.

    ``false_verdict_rate``: truly equal, yet "joint" or "separate"; ``edge_rate``: truly at an edge of the region (every
    comparison at both), yet beyond it; ``equivalent_found``: truly equal and called so; ``power_0_03``: joint truly
    0.03 worse, and "separate".
    ``naive_*``: the ordinary paired t-test at p < 0.05: a difference found where there is none, and where it is 0.03.
    """

    setting: CVDesign
    spread: VarianceComponents
    comparisons: int
    false_verdict_rate: float
    edge_rate: float
    equivalent_found: float
    power_0_03: float
    naive_false_positive_rate: float
    naive_power_0_03: float

    @property
    def found(self) -> float:
        """The smaller share of right answers: of true equality, or of a true difference of 0.03."""
        return min(self.equivalent_found, self.power_0_03)


@dataclass(frozen=True, eq=False)
class Draws:
    """Simulated comparisons less their truth: per comparison the mean and sd of its pairs, in skill."""

    mean: FloatArray
    sd: FloatArray
    setting: CVDesign


@dataclass(frozen=True, eq=False)
class SimulatedVerdicts:
    """What is said of each comparison. p_other_better: P(difference < -rope); not_worse: P(difference > -rope) is enough."""

    p_other_better: FloatArray
    joint: Bools
    equivalent: Bools
    separate: Bools
    not_worse: Bools
    naive: Bools


def draw(
    spread: VarianceComponents,
    setting: CVDesign,
    comparisons: int,
    generator: np.random.Generator,
    *,
    correlation: float | None = None,
) -> Draws:
    """Comparisons around a truth of 0; other truths shift the means and nothing else.

    A fold's seeds are drawn as their average, whose noise has variance within / seeds: the same distribution, with a
    tenth of the numbers at ten seeds. Raises ValueError as ``simulate_differences`` does.
    """
    within = None if spread.within is None else spread.within / setting.seeds
    differences = simulate_differences(
        np.zeros(comparisons),
        replace(spread, within=within),
        replace(setting, seeds=1),
        generator,
        correlation=correlation,
    )
    return Draws(*mean_and_sd(differences.reshape(comparisons, setting.pairs)), setting)


def decide(
    truth: float | FloatArray, draws: Draws, rope: float = ROPE, probability: float = PROBABILITY
) -> SimulatedVerdicts:
    """What ``correlated_t_test`` with ``output_verdict``, and the naive test, say of each comparison; all at once.

    truth: in skill, one for all comparisons or (comparisons,).
    """
    setting, mean = draws.setting, draws.mean + truth
    df = setting.pairs - 1
    scale = posterior_scale(draws.sd, setting.pairs, setting.folds)
    joint = probability_above(rope, mean, scale, df)
    other = probability_above(rope, -mean, scale, df)
    return SimulatedVerdicts(
        p_other_better=other,
        joint=joint >= probability,
        equivalent=1.0 - joint - other >= probability,
        separate=other >= probability,
        not_worse=probability_above(-rope, mean, scale, df) >= probability,
        naive=two_sided_p(mean, draws.sd / np.sqrt(setting.pairs), df) < 0.05,
    )


def calibrate(
    setting: CVDesign,
    spread: VarianceComponents,
    generator: np.random.Generator,
    *,
    comparisons: int = 1000,
    rope: float = ROPE,
    probability: float = PROBABILITY,
    correlation: float | None = None,
) -> Calibration:
    """The rates at one setting.

    ``correlation`` between folds other than 1/K asks what it costs to be wrong about it.
    Raises ValueError as ``simulate_differences`` and ``output_verdict`` do.
    """
    check_probability(probability)
    draws = draw(spread, setting, comparisons, generator, correlation=correlation)
    equal, above, below, worse = (decide(truth, draws, rope, probability) for truth in (0.0, rope, -rope, -EFFECT))
    return Calibration(
        setting=setting,
        spread=spread,
        comparisons=comparisons,
        false_verdict_rate=float((equal.joint | equal.separate).mean()),
        edge_rate=float(np.mean([above.joint | above.separate, below.joint | below.separate])),
        equivalent_found=float(equal.equivalent.mean()),
        power_0_03=float(worse.separate.mean()),
        naive_false_positive_rate=float(equal.naive.mean()),
        naive_power_0_03=float(worse.naive.mean()),
    )


def smallest_setting(
    spreads: Sequence[VarianceComponents],
    generator: np.random.Generator,
    *,
    comparisons: int = 1000,
    rope: float = ROPE,
    probability: float = PROBABILITY,
    folds: Sequence[int] = FOLDS,
    repeats: Sequence[int] = REPEATS,
    seeds: Sequence[int] = SEEDS,
    most_fits: int = MOST_FITS,
) -> tuple[tuple[Calibration, ...], ...]:
    """Settings by their fits (K * R * S, up to ``most_fits``), each with its rates for every spread.

    They end with the first that has ``reached`` TARGET, of true equality and of true differences of 0.03, for all of
    them; where the last has not, none does. Raises ValueError as ``calibrate`` does.
    """
    grid = sorted(
        (CVDesign(*sizes) for sizes in product(folds, repeats, seeds)),
        key=lambda setting: (setting.fits, setting.folds, setting.repeats),
    )
    tried: list[tuple[Calibration, ...]] = []
    for setting in grid:
        if setting.fits > most_fits or (tried and reached(tried[-1])):
            break
        tried.append(
            tuple(
                calibrate(setting, spread, generator, comparisons=comparisons, rope=rope, probability=probability)
                for spread in spreads
            )
        )
    return tuple(tried)


def reached(rates: Sequence[Calibration]) -> bool:
    """Whether enough is found for every spread, by two standard errors, so that new draws find enough too."""
    error = sqrt(TARGET * (1.0 - TARGET) / rates[0].comparisons)
    return min(rate.found for rate in rates) >= TARGET + 2.0 * error
