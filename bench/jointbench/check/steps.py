"""Steps in a history: which quantities changed for good, when, and whether that fails a check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jointbench.check.baseline import Baseline
from jointbench.check.findings import DID_NOT_RUN, REGRESSED, Gate
from jointbench.check.history import KeptRun, Series, keep, read_history, series_of
from jointbench.stats.change_points import LEAST_SIDE, ChangePoint, change_points
from jointbench.types import FloatArray

NEW_RUNS = 10  # a worsening fails the check of so many runs from its first on, and then is how things are
LEAST_RUNS = 2 * LEAST_SIDE  # of a series in which a step can be found
LEAST_COST = math.log(1.02)  # of a ratio or a time; smaller steps are not named, however sure


@dataclass(frozen=True)
class Step:
    """A series' change of level. at: the position of the first run after it; before, after: in the series' own unit.

    worse: dearer, slower, larger or less skill. new: it began within the last NEW_RUNS runs, and no step came after it.
    """

    series: Series
    at: int
    before: float
    after: float
    worse: bool
    new: bool

    @property
    def first(self) -> KeptRun:
        """The first run of the new level."""
        return self.series.runs[self.at]

    @property
    def last_before(self) -> KeptRun:
        return self.series.runs[self.at - 1]


@dataclass(frozen=True)
class HistoryResult:
    """The steps of a run's quantities: those that fail, then the others, the newest first. advisory: gates whose steps are shown and do not fail.

    left_out: why the run was not added to the history; "" where it was.
    """

    folder: str
    runs: int
    series: tuple[Series, ...]
    steps: tuple[Step, ...]
    advisory: tuple[Gate, ...]
    left_out: str = ""

    def fails(self, step: Step) -> bool:
        return step.new and step.worse and step.series.gate not in self.advisory

    @property
    def judged(self) -> int:
        """Series with enough runs for a step to be found."""
        return sum(len(series.values) >= LEAST_RUNS for series in self.series)

    @property
    def exit_code(self) -> int:
        if self.left_out:
            return DID_NOT_RUN
        return REGRESSED if any(self.fails(step) for step in self.steps) else 0


def follow(
    folder: Path, measured: Baseline, *, cut_off: Sequence[str] = (), strict_time: bool = False
) -> HistoryResult:
    """Adds the run to the history and finds the steps of its quantities. A run that was cut off is not added.

    Raises BadInput where the history cannot be read or written.
    """
    advisory: tuple[Gate, ...] = () if strict_time else ("time",)
    runs = read_history(folder)  # before it is written to: a damaged history stays as it is
    if cut_off:
        left_out = f"The run is not added to the history: {' '.join(cut_off)}"
        return HistoryResult(str(folder), len(runs), (), (), advisory, left_out)
    kept = keep(folder, measured)
    runs = tuple(sorted({run.name: run for run in (*runs, kept)}.values(), key=lambda run: run.order))
    series = series_of(runs, kept)
    steps = [step for one in series for step in steps_of(one, measured.rope)]
    steps.sort(key=lambda step: step.first.order, reverse=True)
    result = HistoryResult(str(folder), len(runs), series, tuple(steps), advisory)
    return replace(result, steps=tuple(sorted(steps, key=lambda step: not result.fails(step))))


def steps_of(series: Series, rope: float) -> list[Step]:
    """The steps of a series that matter. rope: what skill may change by."""
    values: FloatArray = np.array(series.values)
    logarithmic = series.gate in ("cost", "time")
    back = math.exp if logarithmic else float
    least = {"exact": 0.0, "quality": rope, "cost": LEAST_COST, "time": LEAST_COST}[series.gate]
    points = [p for p in change_points(np.log(values) if logarithmic else values) if abs(p.after - p.before) > least]
    return [
        Step(
            series=series,
            at=point.at,
            before=back(point.before),
            after=back(point.after),
            worse=_worse(series.gate, point),
            new=point is points[-1] and len(series.values) - point.at <= NEW_RUNS,
        )
        for point in points
    ]


def _worse(gate: Gate, point: ChangePoint) -> bool:
    """Skill is better when it is higher, all else when it is lower."""
    return point.after < point.before if gate == "quality" else point.after > point.before
