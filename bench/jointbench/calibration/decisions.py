"""How often a dataset's decision over all its outputs is wrong, by simulation.

"Separate" needs one output that loses. Of many equal ones some looks worse by chance, so the decision corrects for
their number (Holm 1979); the rates without that correction are given too. Outputs are drawn independently of each
other, the hardest case for a decision that a single output can cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from jointbench.calibration.simulation import DEFAULT_CRITERIA, EFFECT, SimulatedVerdicts, decide, draw
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.verdict_rule import Bools, Verdicts, dataset_verdicts
from jointbench.stats.correlated_t_test import RegionProbabilities
from jointbench.stats.variance_components import CVDesign, VarianceComponents


@dataclass(frozen=True, kw_only=True)
class DecisionCalibration:
    """Shares of ``comparisons`` simulated datasets of so many outputs, each in [0, 1]; joint always saves here.

    ``wrong_recommendation_rate``: one output truly 0.03 worse and all others 0.03 better (the case that tempts most),
    yet joint recommended; ``false_separate_rate``: every output truly equal, yet "separate"; ``edge_separate_rate``:
    every output truly worse by exactly the region; ``uncorrected_*``: the same without the correction for the number of
    outputs; ``recommendation_found``: every output truly equal, and joint recommended; ``separate_found``: one output
    truly 0.03 worse, the rest equal, and "separate". Where one output is worse, each is in turn, and the least
    favourable rate counts.
    """

    setting: CVDesign
    outputs: int
    comparisons: int
    wrong_recommendation_rate: float
    false_separate_rate: float
    edge_separate_rate: float
    uncorrected_false_separate_rate: float
    uncorrected_edge_separate_rate: float
    recommendation_found: float
    separate_found: float


def calibrate_decision(
    design: CVDesign,
    components: Sequence[VarianceComponents],
    generator: np.random.Generator,
    *,
    comparisons: int = 1000,
    criteria: VerdictCriteria = DEFAULT_CRITERIA,
) -> DecisionCalibration:
    """The rates at one design of a dataset whose outputs have these variance components.

    Raises ValueError as ``simulate_differences`` does.
    """
    draws = [draw(output, design, comparisons, generator) for output in components]
    equal, edge, worse, better = (
        [decide(truth, output, criteria) for output in draws] for truth in (0.0, -criteria.rope, -EFFECT, EFFECT)
    )

    def with_one_worse(rest: Sequence[SimulatedVerdicts]) -> list[list[SimulatedVerdicts]]:
        return [[*rest[:i], loser, *rest[i + 1 :]] for i, loser in enumerate(worse)]

    def decided(outputs: Sequence[SimulatedVerdicts]) -> Verdicts:
        return simulated_decisions(outputs, criteria)

    return DecisionCalibration(
        setting=design,
        outputs=len(components),
        comparisons=comparisons,
        wrong_recommendation_rate=max(float(decided(outputs).joint.mean()) for outputs in with_one_worse(better)),
        false_separate_rate=float(decided(equal).separate.mean()),
        edge_separate_rate=float(decided(edge).separate.mean()),
        uncorrected_false_separate_rate=float(_uncorrected(equal).mean()),
        uncorrected_edge_separate_rate=float(_uncorrected(edge).mean()),
        recommendation_found=float(decided(equal).joint.mean()),
        separate_found=min(float(decided(outputs).separate.mean()) for outputs in with_one_worse(equal)),
    )


def simulated_decisions(outputs: Sequence[SimulatedVerdicts], criteria: VerdictCriteria) -> Verdicts:
    """The decision on each simulated dataset, (comparisons,), where joint saves."""
    names = [field.name for field in fields(RegionProbabilities)]
    stacked = {name: np.stack([getattr(output.probabilities, name) for output in outputs]) for name in names}
    return dataset_verdicts(RegionProbabilities(**stacked), criteria, saves=True)


def _uncorrected(outputs: Sequence[SimulatedVerdicts]) -> Bools:
    """(comparisons,), does some output lose, as if it were the only one?"""
    return np.asarray(np.logical_or.reduce([output.verdicts.separate for output in outputs]))
