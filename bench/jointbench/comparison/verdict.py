"""The words of a verdict, and the probability that one needs."""

from __future__ import annotations

from typing import Literal

OutputVerdict = Literal["joint", "equivalent", "separate", "open"]
PROBABILITY = 0.95


def check_probability(probability: float) -> None:
    """Raises ValueError unless 0.5 < probability < 1: at one half two verdicts could hold at once."""
    if not 0.5 < probability < 1.0:
        raise ValueError(f"the probability a verdict needs lies between 0.5 and 1, not at {probability}")
