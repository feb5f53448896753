"""What would close an open comparison: how much more training, or, where training cannot, about how many rows.

A belief's variance has a floor, which only more rows lower (as 1/rows), and the rest, which every further fit shrinks.
How high the floor is shows once rows have been tested by more than one fit; until then any training may decide.
Predictions assume that the means stay where they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.verdict_rule import dataset_verdicts
from jointbench.stats.correlated_t_test import region_probabilities
from jointbench.stats.row_level import StudentT
from jointbench.types import FloatArray

GROWTH = (*range(2, 9), 10, 12, 16, 24, 32, 48, 64)  # times as much training as now
ROWS_STEP = 1.05
MOST_ROWS = 1_000  # times as many rows as now: beyond that the difference lies on the edge of the region
SURPRISE = 1.0  # standard errors of the fits' part by which a mean may yet move
Decided = Callable[[FloatArray, FloatArray], bool]


@dataclass(frozen=True)
class Outlook:
    """growth: times as much training as now that would decide (at best, while the floor is not known), None where none
    does or more than GROWTH. undecidable: no training can, at this number of rows. rows: times as many rows as now that
    would, with all training that it takes; None where not even MOST_ROWS would."""

    growth: int | None
    undecidable: bool
    rows: float | None


def outlook(outputs: Sequence[str], beliefs: Sequence[StudentT], criteria: VerdictCriteria, *, saves: bool) -> Outlook:
    """Of an open comparison, from the beliefs about its outputs. saves: some cost of joint is lower."""
    regions = criteria.regions(outputs)
    mean, scale, df = (np.array([getattr(belief, field) for belief in beliefs]) for field in ("mean", "scale", "df"))
    floor = np.array([belief.floor_scale for belief in beliefs])
    known = not np.isnan(floor).any()
    fits = np.maximum(scale**2 - np.where(np.isnan(floor), 0.0, floor) ** 2, 0.0)  # rounding of fits that are equal

    def decided(means: FloatArray, scales: FloatArray) -> bool:
        probabilities = region_probabilities(means, scales, df, regions)
        return bool(dataset_verdicts(probabilities, criteria, saves=saves).decided)

    growth = next((n for n in GROWTH if decided(mean, np.sqrt(scale**2 - fits * (1 - 1 / n)))), None)
    if growth is not None or not known:
        return Outlook(growth=growth, undecidable=False, rows=None)
    return Outlook(
        growth=None,
        undecidable=not any(decided(means, floor) for means in _within_reach(mean, np.sqrt(fits))),
        rows=_rows_needed(mean, floor, decided),
    )


def _within_reach(mean: FloatArray, fits_scale: FloatArray) -> list[FloatArray]:
    """The means where more training may yet take them: as they are, all better, and each output alone worse."""
    moved = SURPRISE * fits_scale
    worse = [np.where(np.arange(len(mean)) == i, mean - moved, mean) for i in range(len(mean))]
    return [mean, mean + moved, *worse]


def _rows_needed(mean: FloatArray, floor: FloatArray, decided: Decided) -> float | None:
    for step in range(1, math.ceil(math.log(MOST_ROWS, ROWS_STEP)) + 1):
        times = ROWS_STEP**step
        if decided(mean, floor / math.sqrt(times)):
            return times
    return None
