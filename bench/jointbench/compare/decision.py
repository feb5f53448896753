"""The decision: joint or another arm, weighing quality against cost, in one sentence with the numbers in it.

Two kinds of mistake each have a probability of at most 1 - probability.
Joint is recommended only if EVERY output is safe, so each output's own probability suffices: a wrong recommendation
needs the output that loses to look safe (an intersection-union test, Berger, Technometrics 24, 1982).
Separate is recommended if SOME output loses. Among many equal outputs some looks worse by chance, so the probabilities
of not losing are corrected for the number of outputs as p-values are (Holm 1979). They are p-values: those of the
one-sided corrected resampled t-test of "the loss is at most the region".
With one output nothing changes; with 14 the output that looks worst needs 0.9964 instead of 0.95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.sample_size import Beliefs, Rule
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.decisions import Difference
from jointbench.stats.corrected_t_test import holm

MIN_PAIRS = 3  # with two, the spread itself rests on one degree of freedom
MOST_FAILURES = 0.1  # share of pairs lost beyond which what is left may not be like what was lost


@dataclass(frozen=True)
class Verdict:
    """A verdict, its reason in one sentence, and the output that loses most by sharing.

    open: the quality is what is unclear, so more folds, repeats or seeds can settle it.
    """

    verdict: str
    reason: str
    losing_output: Difference | None = None
    open: bool = False


def judge(
    differences: Sequence[Difference], ratios: Sequence[Ratio], criteria: VerdictCriteria, *, planned: int
) -> Verdict:
    """Joint against one other arm. ratios: joint / that arm. planned: pairs of fits that were planned.

    Joint only if every output has P(difference > -rope) >= probability and some measured cost is lower; separate if
    some output is credibly worse by more than the region, corrected for the number of outputs; equivalent if all are
    and nothing is saved; else inconclusive.
    """
    lost = max(difference.pairs_lost for difference in differences)
    if lost > MOST_FAILURES * planned:
        return Verdict(
            "inconclusive",
            f"failures: {lost} of {planned} pairs of fits are lost ({_percent(lost / planned)}), and a verdict allows "
            f"{_percent(MOST_FAILURES)}.",
        )
    fewest = min(differences, key=lambda d: d.pairs)
    if fewest.pairs < MIN_PAIRS:
        of_output = f" of {fewest.output}" if any(d.pairs > fewest.pairs for d in differences) else ""
        folds = f"1 fold{of_output} is" if fewest.pairs == 1 else f"{fewest.pairs} folds{of_output} are"
        return Verdict("inconclusive", f"{folds} too few for a verdict; run at least {MIN_PAIRS}.")
    weakest = min(differences, key=lambda d: d.probability_no_loss)
    saved = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value < 1]
    costlier = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value > 1]
    losers = [d for d, loses in zip(differences, losing(differences, criteria.probability), strict=True) if loses]
    if losers:
        return _separate(losers, saved, criteria)
    safe = weakest.probability_no_loss >= criteria.probability
    no_loss = f"no output loses more than {criteria.rope:g} skill ({_weakest(weakest, criteria)})"
    if safe and saved:
        return Verdict(
            "joint",
            f"{_costs(saved)}; {no_loss}" + (f"; but {_costs(costlier)}." if costlier else "."),
        )
    no_saving = "no measured cost is lower" + (f"; joint brings {_costs(costlier)}" if costlier else "")
    if all(d.verdict == "equivalent" for d in differences):
        return Verdict(
            "equivalent", f"every output is within {criteria.rope:g} skill of the other arm, and {no_saving}."
        )
    if safe:
        return Verdict("inconclusive", f"{no_loss}, but {no_saving}.", open=True)
    return Verdict("inconclusive", _unclear(differences, weakest, saved, criteria), open=True)


def losing(differences: Sequence[Difference], probability: float) -> npt.NDArray[np.bool_]:
    """(outputs,): is it credible that the output loses more than the region, given how many were looked at?"""
    return np.asarray(holm([1.0 - d.probability_other_better for d in differences]) <= 1.0 - probability)


def decision_rule(probability: float, saves: bool) -> Rule:
    """Whether ``judge`` would return anything but "inconclusive" with these beliefs."""

    def decided(beliefs: Beliefs) -> npt.NDArray[np.bool_]:
        good_enough = beliefs.no_loss if saves else beliefs.equivalent
        # Holm rejects something exactly where the smallest p-value passes Bonferroni's bound
        loses = (1.0 - beliefs.other_better).min(axis=0) * len(beliefs.other_better) <= 1.0 - probability
        return np.asarray((good_enough >= probability).all(axis=0) | loses, dtype=np.bool_)

    return decided


def _separate(losers: Sequence[Difference], saved: Sequence[Ratio], criteria: VerdictCriteria) -> Verdict:
    losing_output = min(losers, key=lambda d: d.difference.value)
    chance = probability_text(losing_output.probability_other_better, criteria.probability)
    others = f", and {len(losers) - 1} more output{'s' if len(losers) > 2 else ''} lose" if len(losers) > 1 else ""
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
    """The training FLOPs and the differences in speed that matter most, in words."""
    parts = []
    for ratio in ratios:
        value = ratio.ratio.value
        if ratio.quantity.startswith("training FLOPs"):
            parts.append(f"{_percent(abs(1 - value))} {'fewer' if value < 1 else 'more'} training FLOPs")
        elif ratio.quantity == "training step":
            parts.append(f"{_times(value)} training steps")
        elif ratio.quantity == "request, batch 1":
            parts.append(f"{_times(value)} answers (batch 1)")
    return ", ".join(parts) or f"{ratios[0].quantity} {ratios[0].ratio.value:.2f}x"


def _times(ratio: float) -> str:
    return f"{1 / ratio:.1f}x faster" if ratio < 1 else f"{ratio:.1f}x slower"


def signed(difference: float) -> str:
    """A difference in skill to three decimals, with its sign where it has one."""
    text = f"{difference:+.3f}"
    return "0.000" if float(text) == 0 else text
