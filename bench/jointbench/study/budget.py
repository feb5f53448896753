"""The time that a study may spend on training and on timing, shared out over what is trained and timed."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.benchmarks.training_steps import Budget

FEWEST_SHARES = 6  # a study of few cells does not spend the whole timing budget on them
MOST_SHARES = 3
LEAST_SHARE = 0.5  # of an even share: what the last cells get even where earlier ones were expensive
SAMPLES_SHARE = 0.25  # of an even share, at the most, goes into samples; the rest is for what is expensive to set up


@dataclass
class TimingBudget:
    """The seconds that all timing of a study may take, and for how many datasets, backends and thread counts."""

    seconds: float
    cells: int

    def __post_init__(self) -> None:
        self.even = self.seconds / max(self.cells, FEWEST_SHARES)
        self.seconds = self.even * self.cells

    def next_share(self) -> Budget:
        """What the next cell may take: an even part of what is left, so that it may spend what earlier ones saved."""
        left = self.seconds / max(self.cells, 1)
        total = min(max(left, LEAST_SHARE * self.even), MOST_SHARES * self.even)
        return Budget(total, min(total, self.even) * SAMPLES_SHARE)

    def spend(self, seconds: float, cells: int = 0) -> None:
        self.seconds -= seconds
        self.cells -= cells


@dataclass
class TrainingBudget:
    """The seconds that all training of a study may take, and on how many backends and devices."""

    seconds: float
    cells: int

    def next_share(self) -> float:
        """What the next backend and device may take: an even part of what is left."""
        return max(self.seconds, 0.0) / max(self.cells, 1)

    def spend(self, seconds: float) -> None:
        self.seconds -= seconds
        self.cells -= 1
