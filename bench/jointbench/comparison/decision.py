"""The decision: joint or another arm, weighing quality against cost, in one sentence with the numbers in it.

``verdict_rule`` decides; here are the runs that are too few or too broken to be decided on, and the sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.lean import LeanVerdict, lean_of, lean_text
from jointbench.comparison.reasons import costs_text, no_loss_text, percent, region_text, separate_text
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Difference
from jointbench.comparison.verdict import OutputVerdict
from jointbench.comparison.verdict_rule import dataset_verdict, losing_outputs, safe_outputs
from jointbench.stats.correlated_t_test import RegionProbabilities

MIN_PAIRS = 3  # with two, the spread itself rests on one degree of freedom
MOST_FAILURES = 0.1  # share of pairs lost beyond which what is left may not be like what was lost


@dataclass(frozen=True)
class Verdict:
    """A verdict, its reason in one sentence, and the output that loses most by sharing.

    lean: of an open verdict whose quality is what is unclear, so that more training or rows can close it.
    """

    verdict: OutputVerdict
    reason: str
    losing_output: Difference | None = None
    lean: LeanVerdict | None = None


def judge(
    differences: Sequence[Difference],
    ratios: Sequence[Ratio],
    criteria: VerdictCriteria,
    *,
    planned: int,
    untrained: int = 0,
    cause: str = "sharing",
) -> Verdict:
    """Joint against one other arm, by ``verdict_rule``. ratios: joint / that arm. planned: pairs of fits that were
    planned; untrained: those of them that a run which was cut off did not come to. cause: of what an output loses.
    """
    lost = max(difference.pairs_lost for difference in differences)
    if lost > MOST_FAILURES * planned:
        share = f"{percent(lost / planned)}), and a verdict allows {percent(MOST_FAILURES)}."
        if untrained:
            return Verdict("open", f"cut off: {lost} of {planned} pairs of fits are not there ({share}")
        return Verdict("open", f"failures: {lost} of {planned} pairs of fits are lost ({share}")
    fewest = min(differences, key=lambda d: d.pairs)
    if fewest.pairs < MIN_PAIRS:
        of_output = f" of {fewest.output}" if any(d.pairs > fewest.pairs for d in differences) else ""
        folds = f"1 fold{of_output} is" if fewest.pairs == 1 else f"{fewest.pairs} folds{of_output} are"
        return Verdict("open", f"{folds} too few for a verdict; run at least {MIN_PAIRS}.")
    weakest = min(differences, key=lambda d: d.probability_no_loss)
    saved = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value < 1]
    costlier = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value > 1]
    probabilities = output_probabilities(differences)
    verdict = dataset_verdict(probabilities, criteria, saves=bool(saved))
    if verdict == "separate":
        loses = losing_outputs(probabilities, criteria)
        losers = sorted(
            (d for d, lost in zip(differences, loses, strict=True) if lost), key=lambda d: d.difference.value
        )
        return Verdict("separate", separate_text(losers, saved, criteria, cause), losers[0])
    no_loss = no_loss_text(weakest, criteria)
    if verdict == "joint":
        return Verdict(
            "joint",
            f"{costs_text(saved)}; {no_loss}" + (f"; but {costs_text(costlier)}." if costlier else "."),
        )
    no_saving = "no measured cost is lower" + (f"; joint brings {costs_text(costlier)}" if costlier else "")
    if verdict == "equivalent":
        return Verdict(
            "equivalent", f"every output is within {region_text(criteria)} of the other arm, and {no_saving}."
        )
    lean = lean_of(differences, ratios, criteria)
    if safe_outputs(probabilities, criteria).all():
        return Verdict("open", f"{no_loss}, but {no_saving}.", lean=lean)
    return Verdict("open", lean_text(lean, len(differences), saved, criteria), lean=lean)


def output_probabilities(differences: Sequence[Difference]) -> RegionProbabilities:
    """The probabilities of the outputs, (outputs,)."""
    return RegionProbabilities(
        joint_better=np.array([d.probability_joint_better for d in differences]),
        equivalent=np.array([d.probability_equivalent for d in differences]),
        other_better=np.array([d.probability_other_better for d in differences]),
        no_loss=np.array([d.probability_no_loss for d in differences]),
    )
