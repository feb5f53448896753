"""Up to how many labels of an output sharing pays: where its gain falls to what does not matter, with an interval.

The gain on each test row is interpolated between the numbers of labels that were tried, on a logarithmic scale, and
the interval of its mean (``stats.row_level``, that of the suite's verdicts) is taken at every number between. The
interval of the crossing holds the numbers of labels at which the 95 % interval of the gain contains the threshold: a
test that is turned around, as in Fieller, "Some problems in interval estimation", JRSS B 16 (1954), so it may be open at
an end, or hold everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jointbench.comparison.differences import believe
from jointbench.stats.correlated_t_test import ROPE, posterior
from jointbench.stats.estimate import Estimate
from jointbench.stats.row_level import RowDifferences
from jointbench.types import FloatArray

POINTS = 121  # numbers of labels at which the gain is looked at
Side = Literal["gains", "open", "no gain"]
Rows = Callable[[FloatArray], RowDifferences]
"""From values (rows, repeats, seeds), in skill, to paired differences of these rows."""


@dataclass(frozen=True)
class Crossing:
    """few, many: whether joint is better by more than the threshold at the fewest labels and at the most.

    labels: where the mean gain first falls to the threshold, None where it never does. low: up to so many labels joint
    is better for sure, None where it is not even with the fewest. high: from so many labels on it is surely not better
    by more than the threshold, None where it may be with all of them.
    """

    few: Side
    many: Side
    labels: float | None
    low: float | None
    high: float | None


def gain_of(values: FloatArray, rows: Rows) -> Estimate | None:
    """The mean of joint - separate with its 95 % interval; None with fewer than two folds or rows."""
    belief = believe(rows(values))
    if belief is None:
        return None
    known = posterior(belief.mean, belief.scale, belief.df)
    return Estimate(known.mean, known.low, known.high)


def crossing(labels: FloatArray, gains: FloatArray, rows: Rows, threshold: float = ROPE) -> Crossing | None:
    """labels: (shares,), rising. gains: (shares, rows, repeats, seeds), skill of joint - separate. None with fewer than
    two folds or rows that have all shares, or a single number of labels."""
    places, first = np.unique(labels, return_index=True)
    if len(places) < 2:
        return None
    logs = np.log(places)
    grid = np.linspace(logs[0], logs[-1], POINTS)
    estimates = [gain_of(_between(gains[first], logs, x), rows) for x in grid]
    known = [estimate for estimate in estimates if estimate is not None]
    if len(known) < POINTS:
        return None
    mean, low, high = (np.array([getattr(e, end) for e in known]) for end in ("value", "low", "high"))
    above, below = low > threshold, high < threshold
    numbers = np.exp(grid)
    falls = np.flatnonzero((mean[:-1] > threshold) & (mean[1:] <= threshold))
    sure, refuted = _leading(above), _leading(below[::-1])
    return Crossing(
        few=_side(above[0], below[0]),
        many=_side(above[-1], below[-1]),
        labels=_place(grid, mean - threshold, int(falls[0])) if len(falls) else None,
        low=float(numbers[sure - 1]) if sure else None,
        high=float(numbers[POINTS - refuted]) if refuted else None,
    )


def _place(grid: FloatArray, beyond: FloatArray, i: int) -> float:
    """The number of labels at which what is above 0 at i and not at i + 1 is 0."""
    return float(np.exp(grid[i] + (grid[i + 1] - grid[i]) * beyond[i] / (beyond[i] - beyond[i + 1])))


def _between(gains: FloatArray, logs: FloatArray, x: float) -> FloatArray:
    """Every row's gain at x, linear between its neighbours."""
    right = int(np.clip(np.searchsorted(logs, x), 1, len(logs) - 1))
    part = (x - logs[right - 1]) / (logs[right] - logs[right - 1])
    return np.asarray((1 - part) * gains[right - 1] + part * gains[right])


def _side(above: np.bool_, below: np.bool_) -> Side:
    return "gains" if above else "no gain" if below else "open"


def _leading(flags: npt.NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))
