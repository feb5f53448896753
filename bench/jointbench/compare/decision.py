"""The decision: joint or another arm, weighing quality against cost, in one sentence with the numbers in it.

Two mistakes are held to 1 - probability each. Joint is recommended only if EVERY output is safe, so each output's own
probability suffices: a wrong recommendation needs the output that loses to look safe (an intersection-union test,
Berger, Technometrics 24, 1982). Separate is recommended if SOME output loses, and among many equal outputs some looks
worse by chance, so the probabilities of not losing are corrected for the number of outputs as p-values are (Holm 1979;
under the posterior's prior they are p-values: that of the one-sided corrected resampled t-test of "the loss is at most
the region"). With one output nothing changes; with 14 the output that looks worst needs 0.9964 instead of 0.95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.compare.sample_size import Beliefs, Rule
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.decisions import Difference
from jointbench.stats.corrected_t_test import holm

MIN_PAIRS = 3  # with two, the spread itself rests on one degree of freedom
MOST_FAILURES = 0.1  # share of pairs lost beyond which what is left may not be like what was lost


@dataclass(frozen=True)
class Verdict:
    """A verdict, its reason in one sentence, the output that pays for sharing, and whether more folds could help.

    open: what is unclear is the quality, so that more evidence can settle it.
    """

    verdict: str
    reason: str
    losing_output: Difference | None = None
    open: bool = False


def judge(
    differences: Sequence[Difference],
    ratios: Sequence[Ratio],
    *,
    rope: float,
    probability: float,
    planned: int,
) -> Verdict:
    """Joint against one other arm. ratios: joint / that arm. planned: pairs of fits that were asked for.

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
    fewest = min(difference.pairs for difference in differences)
    if fewest < MIN_PAIRS:
        return Verdict("inconclusive", f"{fewest} folds are too few for a verdict; run at least {MIN_PAIRS}.")
    weakest = min(differences, key=lambda d: d.probability_no_loss)
    saved = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value < 1]
    dearer = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value > 1]
    losers = [d for d, loses in zip(differences, losing(differences, probability), strict=True) if loses]
    if losers:
        return _separate(losers, saved, rope, probability)
    if weakest.probability_no_loss >= probability and saved:
        return Verdict(
            "joint",
            f"{_costs(saved)}; no output loses more than {rope:g} skill ({_weakest(weakest, rope, probability)})"
            + (f"; but {_costs(dearer)}." if dearer else "."),
        )
    nothing = "no measured cost is lower" + (f"; joint brings {_costs(dearer)}" if dearer else "")
    if all(d.verdict == "equivalent" for d in differences):
        return Verdict("equivalent", f"every output is within {rope:g} skill of the other arm, and {nothing}.")
    if weakest.probability_no_loss >= probability:
        return Verdict(
            "inconclusive",
            f"no output loses more than {rope:g} skill ({_weakest(weakest, rope, probability)}), but {nothing}.",
            open=True,
        )
    return Verdict("inconclusive", _unclear(differences, weakest, saved, rope, probability), open=True)


def losing(differences: Sequence[Difference], probability: float) -> npt.NDArray[np.bool_]:
    """(outputs,): is it credible that the output loses more than the region, given how many were looked at?"""
    return np.asarray(holm([1.0 - d.probability_other_better for d in differences]) <= 1.0 - probability)


def decision_rule(probability: float, saves: bool) -> Rule:
    """What ``judge`` would say with these beliefs: is it anything but inconclusive?"""

    def decided(beliefs: Beliefs) -> npt.NDArray[np.bool_]:
        fine = beliefs.no_loss if saves else beliefs.equivalent
        # Holm rejects something exactly where the smallest p-value passes Bonferroni's bound
        loses = (1.0 - beliefs.other_better).min(axis=0) * len(beliefs.other_better) <= 1.0 - probability
        return np.asarray((fine >= probability).all(axis=0) | loses, dtype=np.bool_)

    return decided


def _separate(losers: Sequence[Difference], saved: Sequence[Ratio], rope: float, probability: float) -> Verdict:
    losing_output = min(losers, key=lambda d: d.difference.value)
    chance = said_probability(losing_output.probability_other_better, probability)
    others = f", and {len(losers) - 1} more output{'s' if len(losers) > 2 else ''} lose" if len(losers) > 1 else ""
    return Verdict(
        "separate",
        f"sharing costs {losing_output.output} {-losing_output.difference.value:.3f} skill (P(loses more than {rope:g}) {chance})"
        + others
        + (f"; joint would bring {_costs(saved)}." if saved else "."),
        losing_output,
    )


def _unclear(
    differences: Sequence[Difference], weakest: Difference, saved: Sequence[Ratio], rope: float, probability: float
) -> str:
    chance = said_probability(1.0 - weakest.probability_no_loss, probability)
    said = (
        f"not clear from {weakest.pairs} folds: {weakest.output} differs by {signed(weakest.difference.value)} skill, "
        f"95 % interval {signed(weakest.difference.low)} to {signed(weakest.difference.high)}, "
        f"P(loses more than {rope:g}) {chance}"
    )
    if any(d.verdict == "separate" for d in differences):
        needed = 1.0 - (1.0 - probability) / len(differences)
        said += f", which among {len(differences)} outputs chance may do ({needed:.4f} would be enough)"
    return said + (f"; meanwhile joint brings {_costs(saved)}." if saved else ".")


def _weakest(weakest: Difference, rope: float, probability: float) -> str:
    chance = said_probability(1.0 - weakest.probability_no_loss, probability)
    return f"weakest: {weakest.output}, {signed(weakest.difference.value)}, P(loses more than {rope:g}) {chance}"


def said_probability(value: float, probability: float) -> str:
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
    """The training FLOPs and the clearest differences in speed, as people say them."""
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
