"""The verdict on one output: which of the three is probable enough, if any."""

from __future__ import annotations

from typing import Literal

from jointbench.stats.correlated_t_test import Posterior

OutputVerdict = Literal["joint", "equivalent", "separate", "inconclusive"]
PROBABILITY = 0.95


def output_verdict(posterior: Posterior, *, probability: float = PROBABILITY) -> OutputVerdict:
    """The one of "joint", "separate" and "equivalent" that has at least ``probability``, else "inconclusive".

    The region of practical equivalence is the posterior's own, so that the verdict and the printed probabilities
    cannot disagree. Raises ValueError for a probability outside (0.5, 1): at one half two verdicts could hold at once.
    """
    check_probability(probability)
    if posterior.probability_joint_better >= probability:
        return "joint"
    if posterior.probability_other_better >= probability:
        return "separate"
    if posterior.probability_equivalent >= probability:
        return "equivalent"
    return "inconclusive"


def check_probability(probability: float) -> None:
    """Raises ValueError unless 0.5 < probability < 1."""
    if not 0.5 < probability < 1.0:
        raise ValueError(f"the probability a verdict needs lies between 0.5 and 1, not at {probability}")
