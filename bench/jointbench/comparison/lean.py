"""What an open verdict leans to: the choice with the smaller expected loss.

Choosing joint may cost skill on the output that it is likeliest to hurt; choosing the other arm gives up what joint
saves. The saving is put on the scale of skill by ``worth``, the skill that a halved cost is worth:

    benefit of joint = worth * mean log2(1 / ratio)

over the ratios of training FLOPs and of the smallest requests, as far as they were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.reasons import costs_text, probability_text, signed
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Difference, Lean
from jointbench.comparison.summary.quantity import REQUEST, REQUEST_COST, TRAINING_COST, TRAINING_FLOPS
from jointbench.stats.expected_loss import expected_shortfall


@dataclass(frozen=True)
class LeanVerdict:
    """lean: the choice, "separate" for the other arm. weakest: of the outputs that are not
    safe, the one with the largest expected loss under joint.

    expected_loss: of the choice, in skill. benefit: what joint's saving is worth, in skill.
    """

    lean: Lean
    weakest: Difference
    expected_loss: float
    benefit: float


def lean_of(differences: Sequence[Difference], ratios: Sequence[Ratio], criteria: VerdictCriteria) -> LeanVerdict:
    """ratios: joint / other."""
    unsafe = [d for d in differences if d.probability_no_loss < criteria.probability]
    weakest = max(unsafe or differences, key=lambda d: d.expected_loss)
    requests = [ratio for ratio in ratios if ratio.quantity.scenario in (REQUEST, REQUEST_COST)]
    smallest = min(requests, key=lambda ratio: ratio.quantity.batch_size or 0, default=None)
    flops = [ratio for ratio in ratios if ratio.quantity.scenario in (TRAINING_FLOPS, TRAINING_COST)]
    counted = [ratio.ratio.value for ratio in (*flops, *([smallest] if smallest else []))]
    benefit = criteria.worth * float(np.mean(np.log2(np.reciprocal(counted)))) if counted else 0.0
    mean = weakest.difference.value
    given_up = mean + benefit + expected_shortfall(mean, weakest.scale, weakest.df, -benefit)
    if mean + benefit > 0:
        return LeanVerdict("joint", weakest, weakest.expected_loss, benefit)
    return LeanVerdict("separate", weakest, given_up, benefit)


def lean_text(lean: LeanVerdict, outputs: int, saved: Sequence[Ratio], criteria: VerdictCriteria) -> str:
    """The lean in one sentence: how sure, what it costs if it is wrong, and what joint saves. outputs: how many."""
    weakest, region = lean.weakest, criteria.of(lean.weakest.output).rope
    safe = probability_text(weakest.probability_no_loss, criteria.probability)
    interval = f"{signed(weakest.difference.low)} to {signed(weakest.difference.high)}"
    differs = f"differs by {signed(weakest.difference.value)} skill (95 % interval {interval})"
    if lean.lean == "joint":
        savings = costs_text(saved) if saved else "no measured cost is lower"
        return (
            f"leaning joint: {savings}; {weakest.output}, its weakest output, {differs}, "
            f"P(loses no more than {region:g}) {safe}; its expected loss is {lean.expected_loss:.3f} skill."
        )
    loses = probability_text(1.0 - weakest.probability_no_loss, criteria.probability)
    if weakest.verdict == "separate":  # alone it would be one; it is not, corrected for the number of outputs
        loses += f", which among {outputs} outputs chance may do"
    given_up = (
        f"joint would bring {costs_text(saved)}, worth {lean.benefit:.3f} skill; the expected loss of going without is "
        f"{lean.expected_loss:.3f} skill."
        if saved
        else f"no measured cost is lower; the expected loss of going without joint is {lean.expected_loss:.3f} skill."
    )
    return f"leaning separate: {weakest.output} {differs}, P(loses more than {region:g}) {loses}; {given_up}"
