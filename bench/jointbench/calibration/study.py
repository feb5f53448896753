"""Everything that ``jointbench calibrate`` simulates, at the noise seen in real runs, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

import numpy as np

from jointbench.calibration.decisions import DecisionCalibration, calibrate_decision
from jointbench.calibration.noise import OBSERVED_NOISE, ObservedNoise
from jointbench.calibration.simulation import (
    DEFAULT_CRITERIA,
    EFFECT,
    GRID,
    Calibration,
    calibrate,
    reached,
    smallest_design,
)
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.sample_size import FOLDS, DesignGrid
from jointbench.stats.variance_components import CVDesign, VarianceComponents

CALIBRATION_SCHEMA_VERSION = 1
DESIGNS = (CVDesign(5, 1, 1), *(CVDesign(k, r, s) for (k, r), s in product(((5, 5), (10, 10)), (1, 3, 10))))
"""That of profile quick, then 5 x 5 and 10 x 10 folds and repeats at 1, 3 and 10 seeds per fold."""


@dataclass(frozen=True)
class OutputRates:
    """The rates at one design with the noise of one output."""

    dataset: str
    output: str
    rates: Calibration


@dataclass(frozen=True)
class DatasetRates:
    """The rates of one dataset's decision at one design."""

    dataset: str
    rates: DecisionCalibration


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """The smallest design (fits: per network of an arm) that finds enough on every output of ``dataset``.

    reached: False where none of the designs tried does; then it is the one that comes closest. bounded_by: the output
    on which the least is found. alone: per output, the smallest design that finds enough on it alone; by_folds: the
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
    """The study. The first five rates are those of ``recommended``, the least favourable over its dataset's outputs."""

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
        outputs = [max(output.rates.false_verdict_rate, output.rates.edge_rate) for output in self.settings]
        return max(*outputs, *(mistakes(dataset.rates) for dataset in self.decisions))


def mistakes(rates: DecisionCalibration) -> float:
    """The highest rate of a wrong decision."""
    return max(rates.wrong_recommendation_rate, rates.false_separate_rate, rates.edge_separate_rate)


@dataclass(frozen=True)
class _Simulator:
    """Rates from one stream of draws: the order of the calls is part of the result."""

    generator: np.random.Generator
    comparisons: int
    criteria: VerdictCriteria

    def output(self, design: CVDesign, components: VarianceComponents) -> Calibration:
        return calibrate(design, components, self.generator, comparisons=self.comparisons, criteria=self.criteria)

    def decision(self, design: CVDesign, components: Sequence[VarianceComponents]) -> DecisionCalibration:
        return calibrate_decision(
            design, components, self.generator, comparisons=self.comparisons, criteria=self.criteria
        )

    def search(
        self, components: Sequence[VarianceComponents], grid: DesignGrid = GRID
    ) -> tuple[tuple[Calibration, ...], ...]:
        return smallest_design(
            components, self.generator, grid=grid, comparisons=self.comparisons, criteria=self.criteria
        )


def calibration_study(
    *,
    comparisons: int = 1000,
    seed: int = 0,
    noise: Sequence[ObservedNoise] = OBSERVED_NOISE,
    designs: Sequence[CVDesign] = DESIGNS,
    criteria: VerdictCriteria = DEFAULT_CRITERIA,
) -> CalibrationStudy:
    """Simulates every output and dataset of ``noise`` at every design, and recommends one for the first dataset.

    The same seed gives the same study. Raises ValueError as ``calibrate`` does.
    """
    simulator = _Simulator(np.random.default_rng(seed), comparisons, criteria)
    datasets = {slug: tuple(outputs) for slug, outputs in groupby(noise, key=lambda output: output.dataset)}
    recommended, rates = _recommend(simulator, next(iter(datasets.values())))
    best = CVDesign(recommended.folds, recommended.repeats, recommended.seeds)
    all_designs = tuple(dict.fromkeys((*designs, best)))
    outputs = tuple(
        OutputRates(output.dataset, output.output, simulator.output(design, output.spread))
        for design in all_designs
        for output in noise
    )
    decisions = tuple(
        DatasetRates(slug, simulator.decision(design, [output.spread for output in members]))
        for design in all_designs
        for slug, members in datasets.items()
    )
    overall = next(
        decision.rates
        for decision in decisions
        if (decision.dataset, decision.rates.setting) == (recommended.dataset, best)
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
        rope=criteria.rope,
        probability=criteria.probability,
        effect=EFFECT,
        settings=outputs,
        decisions=decisions,
        noise=tuple(noise),
    )


def _recommend(simulator: _Simulator, outputs: Sequence[ObservedNoise]) -> tuple[Recommended, list[Calibration]]:
    """The design for the outputs of one dataset, and its rates by output."""
    components = [output.spread for output in outputs]
    tried = simulator.search(components)
    best = tried[-1] if reached(tried[-1]) else max(tried, key=lambda rates: min(rate.found for rate in rates))
    design = best[0].setting
    # drawn anew: the rates of the search were selected for being high
    rates = [simulator.output(design, output) for output in components]
    return Recommended(
        dataset=outputs[0].dataset,
        folds=design.folds,
        repeats=design.repeats,
        seeds=design.seeds,
        fits=design.fits,
        reached=reached(best),
        bounded_by=outputs[int(np.argmin([rate.found for rate in rates]))].output,
        alone={output.output: _last_reached(simulator.search([output.spread])) for output in outputs},
        by_folds={folds: _last_reached(simulator.search(components, replace(GRID, folds=(folds,)))) for folds in FOLDS},
    ), rates


def _last_reached(tried: Sequence[Sequence[Calibration]]) -> CVDesign | None:
    return tried[-1][0].setting if reached(tried[-1]) else None
