"""What a verdict means: how small a difference is negligible, and what probability is enough."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.compare.verdict import PROBABILITY, check_probability
from jointbench.stats.correlated_t_test import ROPE


@dataclass(frozen=True)
class VerdictCriteria:
    """Half the width of the region of practical equivalence, in skill, and the probability that a verdict needs.

    Raises ValueError, one sentence, for a region that is not above 0 and below 1 (without one nothing can be called
    equivalent; beyond 1 nothing can differ), or a probability outside (0.5, 1).
    """

    rope: float = ROPE
    probability: float = PROBABILITY

    def __post_init__(self) -> None:
        if not 0.0 < self.rope < 1.0:
            raise ValueError(
                f"the region of practical equivalence lies between 0 and 1 skill, such as {ROPE:g}, "
                f"not at {self.rope:g}"
            )
        check_probability(self.probability)
