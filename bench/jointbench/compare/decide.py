"""The decision: joint or another arm, weighing quality against cost, in one sentence with the numbers in it."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.compare.correlated import Posterior
from jointbench.compare.output_verdict import PROBABILITY, output_verdict
from jointbench.compare.summary import Difference, Estimate, Ratio

MIN_PAIRS = 3  # with two, the spread itself rests on one degree of freedom


def difference(output: str, other: str, belief: Posterior, pairs: int, lost: int) -> Difference:
    """One output's difference with its verdict."""
    return Difference(
        output,
        other,
        Estimate(belief.mean, belief.low, belief.high),
        pairs,
        lost,
        belief.probability_joint_better,
        belief.probability_equivalent,
        belief.probability_other_better,
        belief.probability_above(-belief.rope),
        output_verdict(belief),
    )


def decide(differences: Sequence[Difference], ratios: Sequence[Ratio], rope: float, failures: float) -> tuple[str, str]:
    """(verdict, reason). failures: share of pairs lost to failed networks.

    Joint only if every output has P(difference > -rope) >= PROBABILITY and some measured cost is lower; separate if
    some output is credibly worse by more than the region; equivalent if all are; else inconclusive.
    """
    if failures > 0.1:
        return "inconclusive", f"inconclusive: failures ({failures:.0%} of the pairs of folds are lost)"
    weakest = min(differences, key=lambda d: d.probability_no_loss)
    if weakest.pairs < MIN_PAIRS:
        return "inconclusive", f"{weakest.pairs} folds are too few for a verdict; run at least {MIN_PAIRS}."
    saved = [ratio for ratio in ratios if ratio.measured_difference and ratio.ratio.value < 1]
    losers = [d for d in differences if d.verdict == "separate"]
    if losers:
        payer = min(losers, key=lambda d: d.difference.value)
        return "separate", (
            f"Sharing costs {payer.output} {-payer.difference.value:.3f} skill "
            f"(P(loses more than {rope:g}) = {payer.probability_other_better:.2f})."
        )
    if weakest.probability_no_loss >= PROBABILITY and saved:
        return "joint", (
            f"{_savings(saved)}; no output loses more than {rope:g} skill (weakest: {weakest.output}, "
            f"{weakest.difference.value:+.3f}, P(loses more than {rope:g}) = {1 - weakest.probability_no_loss:.2f})."
        )
    if all(d.verdict == "equivalent" for d in differences):
        return "equivalent", f"Every output is within {rope:g} skill of the other arm, and no measured cost is lower."
    return "inconclusive", (
        f"Not clear from {weakest.pairs} folds: {weakest.output} differs by {weakest.difference.value:+.3f} skill, "
        f"95 % interval {weakest.difference.low:+.3f} to {weakest.difference.high:+.3f}"
        + (f"; meanwhile joint has {_savings(saved)}." if saved else ".")
    )


def _savings(saved: Sequence[Ratio]) -> str:
    """The training FLOPs and the clearest speed-ups, as people say them."""
    parts = []
    for ratio in saved:
        if ratio.quantity.startswith("training FLOPs"):
            parts.append(f"{1 - ratio.ratio.value:.0%} fewer training FLOPs")
        elif ratio.quantity == "training step":
            parts.append(f"{1 / ratio.ratio.value:.1f}x faster training steps")
        elif ratio.quantity == "request, batch 1":
            parts.append(f"{1 / ratio.ratio.value:.1f}x faster answers (batch 1)")
    return ", ".join(parts) or f"{saved[0].quantity} {1 - saved[0].ratio.value:.0%} lower"
