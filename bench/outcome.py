"""A finished study, as the benchmarks replay it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from jointbench.comparison.costs import best_takes
from jointbench.comparison.summary.costs import ArmCost
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.records import Timing, Variant
from jointbench.types import CellKey, FloatArray


@dataclass(frozen=True)
class Outcome:
    """A finished study: what the tests replay and the terminal shows."""

    folder: Path
    summary: Summary
    timings: tuple[Timing, ...]


@dataclass(frozen=True)
class OutcomeCell:
    """One dataset on one backend and device in a finished study."""

    outcome: Outcome
    dataset: str
    backend: str
    device: str

    @property
    def key(self) -> CellKey:
        return CellKey.of(self)

    @property
    def summary(self) -> CellSummary:
        return next(c for c in self.outcome.summary.cells if CellKey.of(c) == self.key)

    def cost(self, arm: str) -> ArmCost:
        """The arm's costs; skips the test, with the reason, where the cell did not run."""
        for cost in self.summary.costs:
            if cost.arm == arm:
                return cost
        pytest.skip(f"{self.backend} on {self.device}: {'; '.join(self.summary.absences)}")

    def samples(self, variant: Variant, batch: int | None = None) -> FloatArray:
        """Raw seconds of each step or request, on all cores; skips the test where there are none."""
        timings = [t for t in self.outcome.timings if CellKey.of(t) == self.key]
        for timing in best_takes(timings):
            if variant in timing.variants and batch in (None, timing.batch_size):
                return timing.of(variant)
        reasons = [reason for reason in self.summary.absences if variant.path in reason]
        pytest.skip("; ".join(reasons) or "not timed in this profile")
