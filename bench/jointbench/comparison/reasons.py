"""The reasons of decisions in words: which output, how much, how probable, and what it saves."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Difference
from jointbench.comparison.summary.quantity import REQUEST_COST, TRAINING_COST, TRAINING_FLOPS, TRAINING_STEP
from jointbench.records import WHOLE_FIT


def separate_text(
    losers: Sequence[Difference], saved: Sequence[Ratio], criteria: VerdictCriteria, cause: str = "sharing"
) -> str:
    """Which outputs lose, and what joint would save. losers: the one that loses most first. cause: what the other arm has
    otherwise."""
    first = losers[0]
    chance = probability_text(first.probability_other_better, criteria.probability)
    more = len(losers) - 1
    others = f", and {more} more output{' loses' if more == 1 else 's lose'}" if more else ""
    return (
        f"{cause} costs {first.output} {-first.difference.value:.3f} skill "
        f"(P(loses more than {criteria.of(first.output).rope:g}) {chance})"
        + others
        + (f"; joint would bring {costs_text(saved)}." if saved else ".")
    )


def no_loss_text(weakest: Difference, criteria: VerdictCriteria) -> str:
    """That no output loses, and how near the weakest comes to it."""
    region = criteria.of(weakest.output).rope
    chance = probability_text(1.0 - weakest.probability_no_loss, criteria.probability)
    return (
        f"no output loses more than {region_text(criteria)} (weakest: {weakest.output}, {signed(weakest.difference.value)}, "
        f"P(loses more than {region:g}) {chance})"
    )


def region_text(criteria: VerdictCriteria) -> str:
    """How large a difference is negligible, of every output."""
    return "its region" if criteria.ropes else f"{criteria.rope:g} skill"


def probability_text(value: float, probability: float) -> str:
    """ "= 0.97", "> 0.99" or "< 0.01": two decimals, or as many as show whether it, or its opposite, is enough."""
    digits = 2
    while digits < 6 and any((round(p, digits) >= probability) != (p >= probability) for p in (value, 1.0 - value)):
        digits += 1
    step = 10.0**-digits
    if value < step / 2:
        return f"< {step:.{digits}f}"
    return f"> {1 - step:.{digits}f}" if value > 1 - step / 2 else f"= {value:.{digits}f}"


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f} %"


def costs_text(ratios: Sequence[Ratio]) -> str:
    """The training FLOPs and the differences in speed that matter most, in words.

    Requests are of one row; of more only where nothing else is there to be said.
    """
    parts = []
    for ratio in ratios:
        value, quantity = ratio.ratio.value, ratio.quantity
        if quantity.scenario == TRAINING_FLOPS:
            parts.append(f"{percent(abs(1 - value))} {'fewer' if value < 1 else 'more'} training FLOPs")
        elif quantity.scenario in (TRAINING_COST, REQUEST_COST):
            parts.append(f"{percent(abs(1 - value))} {'lower' if value < 1 else 'higher'} {quantity.scenario}")
        elif quantity.scenario == TRAINING_STEP:
            parts.append(f"{_times(value)} {'training' if quantity.mode == WHOLE_FIT else 'training steps'}")
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
