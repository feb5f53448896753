"""Joint against another arm, output by output: paired differences in skill, what is believed, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jointbench.compare.cells import Skill, over_seeds
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.summary.decisions import Difference
from jointbench.compare.verdict_rule import output_verdict
from jointbench.stats.corrected_t_test import corrected_t_test, holm
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.types import FloatArray


def paired(joint: Skill, other: Skill) -> FloatArray:
    """joint - other in skill (outputs, repeats, folds, seeds); NaN where either lacks its fit: removed together."""
    return joint.value - other.value


def pairs_lost(differences: FloatArray, planned: int | Sequence[int]) -> list[int]:
    """Per output, the pairs of fits that were planned (of each output or of every one) and give no difference."""
    known = (~np.isnan(differences)).reshape(len(differences), -1).sum(axis=1)
    return [max(int(lost), 0) for lost in np.asarray(planned) - known]


def believe(differences: FloatArray, folds: int, criteria: VerdictCriteria) -> Posterior | None:
    """The posterior of one output's difference from (repeats, folds, seeds); None with fewer than two folds of it."""
    flat = over_seeds(differences).ravel()
    known = flat[~np.isnan(flat)]
    return correlated_t_test(known, folds=folds, rope=criteria.rope) if len(known) >= 2 else None


def output_differences(
    differences: FloatArray,
    planned: int | Sequence[int],
    outputs: Sequence[str],
    other: str,
    folds: int,
    *,
    criteria: VerdictCriteria,
) -> tuple[Difference, ...]:
    """Every output's difference from ``paired``, with probabilities, verdict and p-values.

    Holm's correction is over these outputs.
    """
    lost = pairs_lost(differences, planned)
    without_p, p_values = [], []
    for name, values, missing in zip(outputs, differences, lost, strict=True):
        belief = believe(values, folds, criteria)
        flat = over_seeds(values).ravel()
        known = flat[~np.isnan(flat)]
        without_p.append(_difference(name, other, belief, len(known), missing, criteria))
        p_values.append(corrected_t_test(known, folds=folds).p_value if belief else math.nan)
    defined = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = dict(zip(defined, holm([p_values[i] for i in defined]).tolist(), strict=True))
    return tuple(
        replace(difference, p_value=p_values[i], p_value_holm=adjusted.get(i, math.nan))
        for i, difference in enumerate(without_p)
    )


def _difference(
    output: str, other: str, belief: Posterior | None, pairs: int, lost: int, criteria: VerdictCriteria
) -> Difference:
    if belief is None:
        nan = math.nan
        return Difference(
            output=output,
            other=other,
            difference=UNKNOWN,
            pairs=pairs,
            pairs_lost=lost,
            probability_joint_better=nan,
            probability_equivalent=nan,
            probability_other_better=nan,
            probability_no_loss=nan,
            verdict="inconclusive",
        )
    return Difference(
        output=output,
        other=other,
        difference=Estimate(belief.mean, belief.low, belief.high),
        pairs=pairs,
        pairs_lost=lost,
        probability_joint_better=belief.probability_joint_better,
        probability_equivalent=belief.probability_equivalent,
        probability_other_better=belief.probability_other_better,
        probability_no_loss=float(belief.probabilities.no_loss),
        verdict=output_verdict(belief, criteria),
    )
