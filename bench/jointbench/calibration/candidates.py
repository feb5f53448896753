"""The candidate intervals beside each other, over all outputs of all populations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.calibration.coverage import Coverage
from jointbench.calibration.procedure import LOG
from jointbench.stats.interval_candidates import USUAL

SMALL = 150  # rows of a draw, below which it is a small table


@dataclass(frozen=True, kw_only=True)
class CandidateRates:
    """One interval after so many repeats, over the outputs that have a coverage there.

    small: of draws below SMALL rows, else of larger ones. outputs: how many. lowest, median: coverage. width: median of
    half its width over that of the usual interval on the same draws. wrong: the highest share of wrong verdicts of
    either kind on any output.
    """

    method: str
    loss: str
    repeats: int
    small: bool
    outputs: int
    lowest: float
    lowest_on: str
    median: float
    width: float
    wrong: float


def candidate_rates(coverages: Sequence[Coverage]) -> tuple[CandidateRates, ...]:
    """By method, loss of class outputs ("brier" or "log", each with all regression outputs), repeats and size."""
    usual = {rate.place: rate.half_width for rate in coverages if rate.method == USUAL}
    grouped: dict[tuple[str, str, int, bool], list[Coverage]] = defaultdict(list)
    for rate in coverages:
        for loss in ("brier", LOG) if rate.loss == "squared" else (rate.loss,):
            grouped[rate.method, loss, rate.repeats, rate.rows < SMALL].append(rate)
    return tuple(_rates(key, group, usual) for key, group in grouped.items())


def _rates(
    key: tuple[str, str, int, bool], rates: Sequence[Coverage], usual: dict[tuple[str, int, str, str, int], float]
) -> CandidateRates:
    method, loss, repeats, small = key
    lowest = min(rates, key=lambda rate: rate.coverage)
    return CandidateRates(
        method=method,
        loss=loss,
        repeats=repeats,
        small=small,
        outputs=len(rates),
        lowest=lowest.coverage,
        lowest_on=f"{lowest.population} {lowest.output}, {lowest.rows} rows",
        median=float(np.median([rate.coverage for rate in rates])),
        width=float(np.median([rate.half_width / usual[rate.place] for rate in rates])),
        wrong=max(max(rate.wrong_joint, rate.wrong_separate) for rate in rates),
    )
