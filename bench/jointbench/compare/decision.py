"""The decision: joint or another arm, weighing quality against cost, in one sentence with the numbers in it.

``verdict_rule`` decides; here are the runs that are too few or too broken to be decided on, and the sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.decisions import Difference
from jointbench.compare.summary.quantity import TRAINING_FLOPS, TRAINING_STEP
from jointbench.compare.verdict import OutputVerdict
from jointbench.compare.verdict_rule import dataset_verdict, losing_outputs, safe_outputs
from jointbench.stats.correlated_t_test import RegionProbabilities

MIN_PAIRS = 3  # with two, the spread itself rests on one degree of freedom
MOST_FAILURES = 0.1  # share of pairs lost beyond which what is left may not be like what was lost


@dataclass(frozen=True)
class Verdict:
    """A verdict, its reason in one sentence, and the output that loses most by sharing.

    open: the quality is what is unclear, so more folds, repeats or seeds can settle it.
    """

    verdict: OutputVerdict
    reason: str
    losing_output: Difference | None = None
    open: bool = False


def judge(
    differences: Sequence[Difference],
    ratios: Sequence[Ratio],
    criteria: VerdictCriteria,
    *,
    planned: int,
    untrained: int = 0,
) -> Verdict:
    """Joint against one other arm, by ``verdict_rule``. ratios: joint / that arm. planned: pairs of fits that were
    planned; untrained: those of them that a run which was cut off did not come to.
    """
    lost = max(difference.pairs_lost for difference in differences)
    if lost > MOST_FAILURES * planned:
        share = f"{_percent(lost / planned)}), and a verdict allows {_percent(MOST_FAILURES)}."
        if untrained:
            return Verdict("inconclusive", f"cut off: {lost} of {planned} pairs of fits are not there ({share}")
        return Verdict("inconclusive", f"failures: {lost} of {planned} pairs of fits are lost ({share}")
    fewest = min(differences, key=lambda d: d.pairs)
    if fewest.pairs < MIN_PAIRS:
        of_output = f" of {fewest.output}" if any(d.pairs > fewest.pairs for d in differences) else ""
        folds = f"1 fold{of_output} is" if fewest.pairs == 1 else f"{fewest.pairs} folds{of_output} are"
        return Verdict("inconclusive", f"{folds} too few for a verdict; run at least {MIN_PAIRS}.")
    weakest = min(differences, key=lambda d: d.probability_no_loss)
    saved = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value < 1]
    costlier = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value > 1]
    probabilities = output_probabilities(differences)
    verdict = dataset_verdict(probabilities, criteria, saves=bool(saved))
    if verdict == "separate":
        loses = losing_outputs(probabilities, criteria)
        return _separate([d for d, lost in zip(differences, loses, strict=True) if lost], saved, criteria)
    no_loss = f"no output loses more than {criteria.rope:g} skill ({_weakest(weakest, criteria)})"
    if verdict == "joint":
        return Verdict(
            "joint",
            f"{_costs(saved)}; {no_loss}" + (f"; but {_costs(costlier)}." if costlier else "."),
        )
    no_saving = "no measured cost is lower" + (f"; joint brings {_costs(costlier)}" if costlier else "")
    if verdict == "equivalent":
        return Verdict(
            "equivalent", f"every output is within {criteria.rope:g} skill of the other arm, and {no_saving}."
        )
    if safe_outputs(probabilities, criteria).all():
        return Verdict("inconclusive", f"{no_loss}, but {no_saving}.", open=True)
    return Verdict("inconclusive", _unclear(differences, weakest, saved, criteria), open=True)


def output_probabilities(differences: Sequence[Difference]) -> RegionProbabilities:
    """The probabilities of the outputs, (outputs,)."""
    return RegionProbabilities(
        joint_better=np.array([d.probability_joint_better for d in differences]),
        equivalent=np.array([d.probability_equivalent for d in differences]),
        other_better=np.array([d.probability_other_better for d in differences]),
        no_loss=np.array([d.probability_no_loss for d in differences]),
    )


def _separate(losers: Sequence[Difference], saved: Sequence[Ratio], criteria: VerdictCriteria) -> Verdict:
    losing_output = min(losers, key=lambda d: d.difference.value)
    chance = probability_text(losing_output.probability_other_better, criteria.probability)
    more = len(losers) - 1
    others = f", and {more} more output{' loses' if more == 1 else 's lose'}" if more else ""
    return Verdict(
        "separate",
        f"sharing costs {losing_output.output} {-losing_output.difference.value:.3f} skill "
        f"(P(loses more than {criteria.rope:g}) {chance})"
        + others
        + (f"; joint would bring {_costs(saved)}." if saved else "."),
        losing_output,
    )


def _unclear(
    differences: Sequence[Difference], weakest: Difference, saved: Sequence[Ratio], criteria: VerdictCriteria
) -> str:
    chance = probability_text(1.0 - weakest.probability_no_loss, criteria.probability)
    text = (
        f"not clear from {weakest.pairs} folds: {weakest.output} differs by {signed(weakest.difference.value)} skill, "
        f"95 % interval {signed(weakest.difference.low)} to {signed(weakest.difference.high)}, "
        f"P(loses more than {criteria.rope:g}) {chance}"
    )
    if any(d.verdict == "separate" for d in differences):
        needed = 1.0 - (1.0 - criteria.probability) / len(differences)
        text += f", which among {len(differences)} outputs chance may do ({needed:.4f} would be enough)"
    return text + (f"; meanwhile joint brings {_costs(saved)}." if saved else ".")


def _weakest(weakest: Difference, criteria: VerdictCriteria) -> str:
    chance = probability_text(1.0 - weakest.probability_no_loss, criteria.probability)
    return (
        f"weakest: {weakest.output}, {signed(weakest.difference.value)}, P(loses more than {criteria.rope:g}) {chance}"
    )


def probability_text(value: float, probability: float) -> str:
    """ "= 0.97", "> 0.99" or "< 0.01": two decimals, or as many as show whether it, or its opposite, is enough."""
    digits = 2
    while digits < 6 and any((round(p, digits) >= probability) != (p >= probability) for p in (value, 1.0 - value)):
        digits += 1
    step = 10.0**-digits
    if value < step / 2:
        return f"< {step:.{digits}f}"
    return f"> {1 - step:.{digits}f}" if value > 1 - step / 2 else f"= {value:.{digits}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _costs(ratios: Sequence[Ratio]) -> str:
    """The training FLOPs and the differences in speed that matter most, in words.

    Requests are of one row; of more only where nothing else is there to be said.
    """
    parts = []
    for ratio in ratios:
        value, quantity = ratio.ratio.value, ratio.quantity
        if quantity.scenario == TRAINING_FLOPS:
            parts.append(f"{_percent(abs(1 - value))} {'fewer' if value < 1 else 'more'} training FLOPs")
        elif quantity.scenario == TRAINING_STEP:
            parts.append(f"{_times(value)} training steps")
        elif quantity.batch_size == 1:
            parts.append(f"{_times(value)} answers (batch 1)")
    smallest = min(ratios, key=lambda ratio: ratio.quantity.batch_size or 0)
    return ", ".join(parts) or f"{_times(smallest.ratio.value)} answers (batch {smallest.quantity.batch_size})"


def _times(ratio: float) -> str:
    return f"{1 / ratio:.1f}x faster" if ratio < 1 else f"{ratio:.1f}x slower"


def signed(difference: float) -> str:
    """A difference in skill to three decimals, with its sign where it has one."""
    text = f"{difference:+.3f}"
    return "0.000" if float(text) == 0 else text
