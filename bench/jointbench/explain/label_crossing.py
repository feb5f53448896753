"""Up to how many labels of an output sharing pays: where its gain falls to what does not matter, with an interval.

The gain of each split is interpolated between the numbers of labels that were tried, on a logarithmic scale, and the
posterior of its mean (``stats.correlated_t_test``) is taken at every number between. The interval of the crossing holds
the numbers of labels at which the 95 % interval of the gain contains the threshold: a test that is turned around, as in
Fieller, "Some problems in interval estimation", JRSS B 16 (1954), so it may be open at an end, or hold everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jointbench.stats.correlated_t_test import ROPE, interval_half_width, mean_and_sd, posterior_scale
from jointbench.types import FloatArray

POINTS = 401  # numbers of labels at which the gain is looked at
Side = Literal["gains", "open", "no gain"]


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


def crossing(labels: FloatArray, gains: FloatArray, folds: int, threshold: float = ROPE) -> Crossing | None:
    """labels: (shares,), rising. gains: (shares, splits), skill of joint - separate. None with fewer than two splits
    that have all shares, or a single number of labels."""
    known = gains[:, np.isfinite(gains).all(axis=0)]
    places, first = np.unique(labels, return_index=True)
    if known.shape[1] < 2 or len(places) < 2:
        return None
    grid = np.linspace(np.log(places[0]), np.log(places[-1]), POINTS)
    at = np.stack([np.interp(grid, np.log(places), known[first, i]) for i in range(known.shape[1])], axis=1)
    mean, sd = mean_and_sd(at)
    half = interval_half_width(posterior_scale(sd, at.shape[1], folds), at.shape[1] - 1)
    above, below = mean - half > threshold, mean + half < threshold
    numbers = np.exp(grid)
    falls = np.flatnonzero((mean[:-1] > threshold) & (mean[1:] <= threshold))
    sure = _leading(above)
    refuted = _leading(below[::-1])
    return Crossing(
        few=_side(above[0], below[0]),
        many=_side(above[-1], below[-1]),
        labels=float(numbers[falls[0] + 1]) if len(falls) else None,
        low=float(numbers[sure - 1]) if sure else None,
        high=float(numbers[POINTS - refuted]) if refuted else None,
    )


def _side(above: np.bool_, below: np.bool_) -> Side:
    return "gains" if above else "no gain" if below else "open"


def _leading(flags: npt.NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))
