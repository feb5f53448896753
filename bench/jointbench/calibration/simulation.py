"""The simulation study behind ``jointbench calibrate``: is the verdict on one output right as often as it claims?

Each comparison is simulated with the fold-correlated noise of ``variance_components.simulate_differences`` and decided
as a real one is. Exact calibration gives an edge rate of 5 %. Seed noise lowers it: the test takes it for correlated,
and it is not. Where the region is negligible beside the noise, truly equal arms get a false verdict in up to
2 * (1 - probability) of the comparisons, half on each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.sample_size import DesignGrid
from jointbench.compare.verdict_rule import Bools, Verdicts, output_verdicts
from jointbench.stats.corrected_t_test import two_sided_p
from jointbench.stats.correlated_t_test import RegionProbabilities, mean_and_sd, posterior_scale, region_probabilities
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences
from jointbench.types import FloatArray

EFFECT = 0.03  # skill: the true difference that has to be found
TARGET = 0.8  # share of true differences of EFFECT, and of truly equal arms, that a good setting finds
GRID = DesignGrid(most_fits=2000)  # no design with more fits per network is worth looking at
DEFAULT_CRITERIA = VerdictCriteria()


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Shares of ``comparisons`` simulated comparisons of one output, each in [0, 1], at one design and noise.

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
    design: CVDesign


@dataclass(frozen=True, eq=False)
class SimulatedVerdicts:
    """The verdict on each comparison of one output, (comparisons,), and the probabilities that it was made from.

    naive: the ordinary paired t-test has p < 0.05.
    """

    probabilities: RegionProbabilities
    verdicts: Verdicts
    naive: Bools

    @property
    def different(self) -> Bools:
        """Was either arm called better?"""
        return np.asarray(self.verdicts.joint | self.verdicts.separate)


def draw(components: VarianceComponents, design: CVDesign, comparisons: int, generator: np.random.Generator) -> Draws:
    """Comparisons around a truth of 0; other truths shift the means and nothing else.

    A fold's seeds are drawn as their average, whose noise has variance within / seeds: the same distribution, with a
    tenth of the numbers at ten seeds. Raises ValueError as ``simulate_differences`` does.
    """
    within = None if components.within is None else components.within / design.seeds
    differences = simulate_differences(
        np.zeros(comparisons), replace(components, within=within), replace(design, seeds=1), generator
    )
    return Draws(*mean_and_sd(differences.reshape(comparisons, design.pairs)), design)


def decide(truth: float | FloatArray, draws: Draws, criteria: VerdictCriteria = DEFAULT_CRITERIA) -> SimulatedVerdicts:
    """The verdicts of ``correlated_t_test`` with ``output_verdict``, and of the naive test, on all comparisons at once.

    truth: in skill, one for all comparisons or (comparisons,).
    """
    design, mean = draws.design, draws.mean + truth
    df = design.pairs - 1
    scale = posterior_scale(draws.sd, design.pairs, design.folds)
    probabilities = region_probabilities(mean, scale, df, criteria.rope)
    return SimulatedVerdicts(
        probabilities=probabilities,
        verdicts=output_verdicts(probabilities, criteria),
        naive=two_sided_p(mean, draws.sd / np.sqrt(design.pairs), df) < 0.05,
    )


def calibrate(
    design: CVDesign,
    components: VarianceComponents,
    generator: np.random.Generator,
    *,
    comparisons: int = 1000,
    criteria: VerdictCriteria = DEFAULT_CRITERIA,
) -> Calibration:
    """The rates at one design. Raises ValueError as ``simulate_differences`` does."""
    draws, rope = draw(components, design, comparisons, generator), criteria.rope
    equal, above, below, worse = (decide(truth, draws, criteria) for truth in (0.0, rope, -rope, -EFFECT))
    return Calibration(
        setting=design,
        spread=components,
        comparisons=comparisons,
        false_verdict_rate=float(equal.different.mean()),
        edge_rate=float(np.mean([above.different, below.different])),
        equivalent_found=float(equal.verdicts.equivalent.mean()),
        power_0_03=float(worse.verdicts.separate.mean()),
        naive_false_positive_rate=float(equal.naive.mean()),
        naive_power_0_03=float(worse.naive.mean()),
    )


def smallest_design(
    components: Sequence[VarianceComponents],
    generator: np.random.Generator,
    *,
    grid: DesignGrid = GRID,
    comparisons: int = 1000,
    criteria: VerdictCriteria = DEFAULT_CRITERIA,
) -> tuple[tuple[Calibration, ...], ...]:
    """The designs of the grid by their fits (K * R * S), each with its rates for every output.

    They end with the first that has ``reached`` TARGET, of true equality and of true differences of 0.03, for all of
    them; where the last has not, none does. Raises ValueError as ``calibrate`` does.
    """
    tried: list[tuple[Calibration, ...]] = []
    for design in grid.designs():
        if tried and reached(tried[-1]):
            break
        tried.append(
            tuple(
                calibrate(design, output, generator, comparisons=comparisons, criteria=criteria)
                for output in components
            )
        )
    return tuple(tried)


def reached(rates: Sequence[Calibration]) -> bool:
    """Whether enough is found for every output, by two standard errors, so that new draws find enough too."""
    error = sqrt(TARGET * (1.0 - TARGET) / rates[0].comparisons)
    return min(rate.found for rate in rates) >= TARGET + 2.0 * error
