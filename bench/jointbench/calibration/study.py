"""Everything that ``jointbench calibrate`` simulates, at the noise seen in real runs, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product

import numpy as np

from jointbench.calibration.decisions import DecisionCalibration, calibrate_decision
from jointbench.calibration.noise import OBSERVED_NOISE, ObservedNoise
from jointbench.calibration.simulation import EFFECT, Calibration, calibrate, reached, smallest_setting
from jointbench.compare.sample_size import FOLDS
from jointbench.compare.verdict import PROBABILITY
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.variance_components import CVDesign

SETTINGS = (CVDesign(5, 1, 1), *(CVDesign(k, r, s) for (k, r), s in product(((5, 5), (10, 10)), (1, 3, 10))))
"""What profile quick does, then 5 x 5 and 10 x 10 folds and repeats at 1, 3 and 10 seeds per fold."""

LIMIT = 0.05  # of each kind of mistake


@dataclass(frozen=True)
class OutputRates:
    """The rates of one output at one setting, beside whose noise it is."""

    dataset: str
    output: str
    rates: Calibration


@dataclass(frozen=True)
class DatasetRates:
    """The rates of one dataset's decision at one setting."""

    dataset: str
    rates: DecisionCalibration


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """The smallest setting (fits: per network of an arm) that finds enough on every output of ``dataset``.

    reached: False where none of the settings tried does; then it is the one that comes closest. bounded_by: the output
    of which the least is found. alone: per output, the smallest setting that would do for it alone; by_folds: the
    smallest with so many folds; None where none does.
    """

    dataset: str
    folds: int
    repeats: int
    seeds: int
    fits: int
    reached: bool
    bounded_by: str
    alone: dict[str, CVDesign | None]
    by_folds: dict[int, CVDesign | None]


@dataclass(frozen=True, kw_only=True)
class CalibrationStudy:
    """The study. The five rates on top are those of ``recommended``, the least favourable over its dataset's outputs."""

    false_verdict_rate: float
    edge_rate: float
    wrong_recommendation_rate: float
    equivalent_found: float
    power_0_03: float
    recommended: Recommended
    comparisons: int
    seed: int
    rope: float
    probability: float
    effect: float
    settings: tuple[OutputRates, ...]
    decisions: tuple[DatasetRates, ...]
    noise: tuple[ObservedNoise, ...]

    @property
    def worst(self) -> float:
        """The highest rate of a mistake at any setting and noise."""
        outputs = [max(one.rates.false_verdict_rate, one.rates.edge_rate) for one in self.settings]
        return max(*outputs, *(mistakes(one.rates) for one in self.decisions))


def mistakes(rates: DecisionCalibration) -> float:
    """The highest rate of a wrong decision."""
    return max(rates.wrong_recommendation_rate, rates.false_separate_rate, rates.edge_separate_rate)


def calibration_study(
    *,
    comparisons: int = 1000,
    seed: int = 0,
    noise: Sequence[ObservedNoise] = OBSERVED_NOISE,
    settings: Sequence[CVDesign] = SETTINGS,
    rope: float = ROPE,
    probability: float = PROBABILITY,
) -> CalibrationStudy:
    """Simulates every output and dataset of ``noise`` at every setting; the first dataset's setting is recommended.

    The same seed gives the same study. Raises ValueError as ``calibrate`` does.
    """
    generator = np.random.default_rng(seed)
    one = partial(calibrate, generator=generator, comparisons=comparisons, rope=rope, probability=probability)
    several = partial(
        calibrate_decision, generator=generator, comparisons=comparisons, rope=rope, probability=probability
    )
    search = partial(smallest_setting, generator=generator, comparisons=comparisons, rope=rope, probability=probability)
    datasets = {slug: tuple(outputs) for slug, outputs in groupby(noise, key=lambda seen: seen.dataset)}
    first = next(iter(datasets.values()))
    spreads = [seen.spread for seen in first]
    tried = search(spreads)
    best = tried[-1] if reached(tried[-1]) else max(tried, key=lambda rates: min(rate.found for rate in rates))
    setting = best[0].setting
    rates = [one(setting, spread) for spread in spreads]  # drawn anew: those of the search were chosen for being high
    recommended = Recommended(
        dataset=first[0].dataset,
        folds=setting.folds,
        repeats=setting.repeats,
        seeds=setting.seeds,
        fits=setting.fits,
        reached=reached(best),
        bounded_by=first[int(np.argmin([rate.found for rate in rates]))].output,
        alone={seen.output: _setting(search([seen.spread])) for seen in first},
        by_folds={folds: _setting(search(spreads, folds=(folds,))) for folds in FOLDS},
    )
    at = tuple(dict.fromkeys((*settings, setting)))
    outputs = tuple(OutputRates(seen.dataset, seen.output, one(place, seen.spread)) for place in at for seen in noise)
    decisions = tuple(
        DatasetRates(slug, several(place, [seen.spread for seen in members]))
        for place in at
        for slug, members in datasets.items()
    )
    overall = next(
        made.rates for made in decisions if (made.dataset, made.rates.setting) == (recommended.dataset, setting)
    )
    return CalibrationStudy(
        false_verdict_rate=max(rate.false_verdict_rate for rate in rates),
        edge_rate=max(rate.edge_rate for rate in rates),
        wrong_recommendation_rate=overall.wrong_recommendation_rate,
        equivalent_found=min(rate.equivalent_found for rate in rates),
        power_0_03=min(rate.power_0_03 for rate in rates),
        recommended=recommended,
        comparisons=comparisons,
        seed=seed,
        rope=rope,
        probability=probability,
        effect=EFFECT,
        settings=outputs,
        decisions=decisions,
        noise=tuple(noise),
    )


def _setting(tried: Sequence[Sequence[Calibration]]) -> CVDesign | None:
    return tried[-1][0].setting if reached(tried[-1]) else None
