"""Joint against another arm, output by output: paired differences in skill, what is believed, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jointbench.comparison.cells import Skill, over_seeds
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.summary.decisions import Difference
from jointbench.comparison.verdict_rule import output_verdict
from jointbench.stats.corrected_t_test import holm, two_sided_p
from jointbench.stats.correlated_t_test import mean_and_sd, posterior, posterior_scale
from jointbench.stats.estimate import UNKNOWN, Estimate
from jointbench.stats.expected_loss import expected_shortfall
from jointbench.stats.row_level import RowDifferences, StudentT, moderated_t, variance_evidence
from jointbench.types import FloatArray


def paired(joint: Skill, other: Skill) -> FloatArray:
    """joint - other in skill (outputs, repeats, folds, seeds); NaN where either lacks its fit: removed together."""
    return joint.value - other.value


def pairs_lost(differences: FloatArray, planned: int | Sequence[int]) -> list[int]:
    """Per output, the pairs of fits that were planned (of each output or of every one) and give no difference."""
    known = (~np.isnan(differences)).reshape(len(differences), -1).sum(axis=1)
    return [max(int(lost), 0) for lost in np.asarray(planned) - known]


def believe(rows: RowDifferences) -> StudentT | None:
    """What the differences on single rows say of the mean; None with fewer than two folds or units of rows."""
    evidence = variance_evidence(rows)
    return None if evidence is None else moderated_t(evidence)


def believe_folds(differences: FloatArray, folds: int, overlap: float | None = None) -> StudentT | None:
    """The same from (repeats, folds, seeds) alone, by the correlated t-test, where records have no predictions; None
    with fewer than two folds. The rows' part is unknown then."""
    flat = over_seeds(differences).ravel()
    known = flat[~np.isnan(flat)]
    if len(known) < 2:
        return None
    mean, sd = mean_and_sd(known)
    return StudentT(float(mean), float(posterior_scale(sd, len(known), folds, overlap)), len(known) - 1, math.nan)


def output_differences(
    differences: FloatArray,
    beliefs: Sequence[StudentT | None],
    planned: int | Sequence[int],
    outputs: Sequence[str],
    other: str,
    *,
    criteria: VerdictCriteria,
) -> tuple[Difference, ...]:
    """Every output's difference from ``paired``, with probabilities, verdict and p-values.

    Holm's correction is over these outputs.
    """
    lost = pairs_lost(differences, planned)
    results = []
    for name, values, belief, missing in zip(outputs, differences, beliefs, lost, strict=True):
        pairs = int((~np.isnan(over_seeds(values))).sum())
        results.append(_difference(name, other, belief, pairs, missing, criteria.of(name)))
    defined = [i for i, result in enumerate(results) if not math.isnan(result.p_value)]
    adjusted = dict(zip(defined, holm([results[i].p_value for i in defined]).tolist(), strict=True))
    return tuple(replace(result, p_value_holm=adjusted.get(i, math.nan)) for i, result in enumerate(results))


def _difference(
    output: str, other: str, belief: StudentT | None, pairs: int, lost: int, criteria: VerdictCriteria
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
            verdict="open",
        )
    known = posterior(belief.mean, belief.scale, belief.df, criteria.rope)
    return Difference(
        output=output,
        other=other,
        difference=Estimate(known.mean, known.low, known.high),
        pairs=pairs,
        pairs_lost=lost,
        probability_joint_better=known.probability_joint_better,
        probability_equivalent=known.probability_equivalent,
        probability_other_better=known.probability_other_better,
        probability_no_loss=float(known.probabilities.no_loss),
        verdict=output_verdict(known, criteria),
        scale=belief.scale,
        df=belief.df,
        expected_loss=expected_shortfall(belief.mean, belief.scale, belief.df),
        p_value=float(two_sided_p(belief.mean, belief.scale, belief.df)),
    )
