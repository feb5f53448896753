"""The simulation study behind ``jointbench calibrate``: are the verdicts right as often as they say?

Each comparison is simulated with the fold-correlated noise that ``spread.simulate_differences`` describes and decided
as a real one is. An edge rate of 5 % is what exact calibration gives: seed noise, which the test takes for correlated
and is not, brings it below. Without a region to speak of beside the noise, truly equal arms get a false verdict in up
to 2 * (1 - probability) of the comparisons, half on each side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from jointbench.compare.corrected_t import two_sided_p
from jointbench.compare.correlated import ROPE, mean_and_sd, posterior_scale, probability_above
from jointbench.compare.output_verdict import PROBABILITY, check_probability
from jointbench.compare.settle import FOLDS, REPEATS, SEEDS
from jointbench.compare.spread import Setting, Spread, simulate_differences
from jointbench.types import FloatArray

EFFECT = 0.03  # skill: the true difference that has to be found
SPREAD = Spread(between=0.005**2, within=0.015**2, folds=5)  # wine_quality's quality, from a first look; to be replaced
SETTINGS = tuple(Setting(k, r, s) for (k, r), s in product(((5, 5), (10, 10)), (1, 3, 10)))


@dataclass(frozen=True)
class Calibration:
    """Shares of ``comparisons`` simulated comparisons, each in [0, 1], at one setting and spread.

    ``false_verdict_rate``: truly equal, yet "joint" or "separate"; ``edge_rate``: truly at an edge of the region (half
    at each), yet beyond it; ``wrong_recommendation_rate``: one output truly 0.03 worse, yet joint recommended;
    ``equivalent_found``: truly equal and called so; ``power_0_03``: joint truly 0.03 worse, and "separate";
    ``recommendation_found``: every output truly equal, and joint recommended.
    ``naive_*``: the ordinary paired t-test at p < 0.05: a difference found where there is none, and where it is 0.03.
    """

    setting: Setting
    spread: Spread
    comparisons: int
    false_verdict_rate: float
    edge_rate: float
    wrong_recommendation_rate: float
    equivalent_found: float
    power_0_03: float
    recommendation_found: float
    naive_false_positive_rate: float
    naive_power_0_03: float


@dataclass(frozen=True)
class SmallestSetting:
    """The setting with the fewest fits that reaches the target, None where none does, and all that were tried."""

    found: Calibration | None
    tried: tuple[Calibration, ...]


@dataclass(frozen=True)
class _Decisions:
    """What each simulated comparison says; boolean arrays of one shape."""

    joint: npt.NDArray[np.bool_]
    equivalent: npt.NDArray[np.bool_]
    separate: npt.NDArray[np.bool_]
    not_worse: npt.NDArray[np.bool_]
    naive: npt.NDArray[np.bool_]


def calibrate(
    setting: Setting,
    generator: np.random.Generator,
    *,
    spread: Spread = SPREAD,
    comparisons: int = 1000,
    outputs: int = 2,
    others: float = EFFECT,
    rope: float = ROPE,
    probability: float = PROBABILITY,
    correlation: float | None = None,
) -> Calibration:
    """The rates at one setting; a thousand comparisons take about a second at the largest.

    Joint is recommended where every one of ``outputs`` has P(difference > -rope) >= probability. For the wrong
    recommendation one output is truly 0.03 worse and ``others`` (skill) is the truth of the rest, 0.03 better by
    default: the case that tempts most. ``correlation`` between folds other than 1/K asks what it costs to be wrong
    about it. Raises ValueError as ``simulate_differences`` and ``output_verdict`` do.
    """
    check_probability(probability)

    def decide(means: FloatArray) -> _Decisions:
        differences = simulate_differences(means, spread, setting, generator, correlation=correlation)
        return _decide(differences, rope, probability)

    def recommended(*truths: float) -> float:
        every = [decide(np.full(comparisons, truth)).not_worse for truth in truths]
        return float(np.logical_and.reduce(every).mean())

    equal = decide(np.zeros(comparisons))
    edge = decide(np.where(np.arange(comparisons) % 2 == 0, rope, -rope))
    worse = decide(np.full(comparisons, -EFFECT))
    return Calibration(
        setting=setting,
        spread=spread,
        comparisons=comparisons,
        false_verdict_rate=float((equal.joint | equal.separate).mean()),
        edge_rate=float((edge.joint | edge.separate).mean()),
        wrong_recommendation_rate=recommended(-EFFECT, *[others] * (outputs - 1)),
        equivalent_found=float(equal.equivalent.mean()),
        power_0_03=float(worse.separate.mean()),
        recommendation_found=recommended(*[0.0] * outputs),
        naive_false_positive_rate=float(equal.naive.mean()),
        naive_power_0_03=float(worse.naive.mean()),
    )


def smallest_setting(
    generator: np.random.Generator,
    *,
    spread: Spread = SPREAD,
    comparisons: int = 1000,
    target: float = 0.8,
    rope: float = ROPE,
    probability: float = PROBABILITY,
    folds: Sequence[int] = FOLDS,
    repeats: Sequence[int] = REPEATS,
    seeds: Sequence[int] = SEEDS,
    most_fits: int = 2000,
) -> SmallestSetting:
    """The smallest setting of the grid that finds 0.03, and true equality, in at least ``target`` of the comparisons.

    Settings are tried by their fits (K * R * S, up to ``most_fits``) until one reaches it, so a shortage of power is
    answered with None and everything that was tried. Raises ValueError as ``calibrate`` does.
    """
    tried: list[Calibration] = []
    for setting in _by_fits(Setting(k, r, s) for k, r, s in product(folds, repeats, seeds)):
        if setting.fits > most_fits:
            break
        tried.append(
            calibrate(setting, generator, spread=spread, comparisons=comparisons, rope=rope, probability=probability)
        )
        if min(tried[-1].power_0_03, tried[-1].equivalent_found) >= target:
            return SmallestSetting(tried[-1], tuple(tried))
    return SmallestSetting(None, tuple(tried))


def _by_fits(settings: Iterable[Setting]) -> list[Setting]:
    return sorted(settings, key=lambda setting: (setting.fits, setting.folds, setting.repeats))


def _decide(differences: FloatArray, rope: float, probability: float) -> _Decisions:
    """What ``correlated_t_test`` with ``output_verdict``, and the naive test, say of each comparison; all at once."""
    comparisons, repeats, folds, _ = differences.shape
    pairs, df = repeats * folds, repeats * folds - 1
    mean, sd = mean_and_sd(differences.mean(axis=-1).reshape(comparisons, pairs))
    scale = posterior_scale(sd, pairs, folds)
    joint = probability_above(rope, mean, scale, df)
    other = probability_above(rope, -mean, scale, df)
    return _Decisions(
        joint=joint >= probability,
        equivalent=1.0 - joint - other >= probability,
        separate=other >= probability,
        not_worse=probability_above(-rope, mean, scale, df) >= probability,
        naive=two_sided_p(mean, sd / np.sqrt(pairs), df) < 0.05,
    )
