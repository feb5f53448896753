"""What a verdict means: how small a difference is negligible, what probability is enough, what a saved cost is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.comparison.verdict import PROBABILITY, check_probability
from jointbench.stats.correlated_t_test import ROPE
from jointbench.types import FloatArray

WORTH = ROPE  # a difference that is negligible is what half the cost is worth


@dataclass(frozen=True)
class VerdictCriteria:
    """Half the width of the region of practical equivalence, in skill, and the probability that a verdict needs.

    ropes: outputs that have a region of their own. worth: the skill that a halved cost is worth, which decides what an
    open verdict leans to.
    Raises ValueError, one sentence, for a region that is not above 0 and below 1 (without one nothing can be called
    equivalent; beyond 1 nothing can differ), a probability outside (0.5, 1), or a worth outside [0, 1).
    """

    rope: float = ROPE
    probability: float = PROBABILITY
    ropes: tuple[tuple[str, float], ...] = ()
    worth: float = WORTH

    def __post_init__(self) -> None:
        for rope in (self.rope, *(rope for _, rope in self.ropes)):
            if not 0.0 < rope < 1.0:
                raise ValueError(
                    f"the region of practical equivalence lies between 0 and 1 skill, such as {ROPE:g}, not at {rope:g}"
                )
        check_probability(self.probability)
        if not 0.0 <= self.worth < 1.0:
            raise ValueError(f"the worth of a halved cost lies between 0 and 1 skill, not at {self.worth:g}")

    def of(self, output: str) -> VerdictCriteria:
        """The criteria of one output, with its own region as the only one."""
        return replace(self, rope=dict(self.ropes).get(output, self.rope), ropes=())

    def of_mean(self, outputs: Sequence[str]) -> VerdictCriteria:
        """The criteria of a mean over outputs, whose region is the mean of theirs."""
        return replace(self, rope=float(self.regions(outputs).mean()), ropes=())

    def regions(self, outputs: Sequence[str]) -> FloatArray:
        """(outputs,): half the width of each one's region."""
        return np.array([self.of(output).rope for output in outputs])


DEFAULT_CRITERIA = VerdictCriteria()
