"""What one run of each setting says about which setting is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointbench.types import FloatArray

DRAWS = 20_000


@dataclass(frozen=True)
class Agreement:
    """Shares of draws of one run per setting. best: the run with the least error is of the setting whose mean is least.

    order: all settings come in the order of their means. chance_*: what guessing gives. repeated_order: how often the
    means of as many new runs (drawn with replacement) come in that order themselves: how well it is known.
    """

    truth: tuple[int, ...]
    best: float
    order: float
    chance_best: float
    chance_order: float
    repeated_order: float


def agreement(errors: FloatArray, seed: int = 0) -> Agreement:
    """errors: (settings, runs), NaN for a run that failed: last in a draw, left out of its setting's mean."""
    rng = np.random.default_rng(seed)
    settings, runs = errors.shape
    truth = np.argsort(_means(errors), kind="stable")
    rows = np.arange(settings)
    drawn = np.nan_to_num(errors, nan=np.inf)[rows, rng.integers(0, runs, (DRAWS, settings))]
    order = np.argsort(drawn, axis=1, kind="stable")
    again = errors[rows[:, None], rng.integers(0, runs, (DRAWS // 10, settings, runs))]
    repeated = np.argsort(_means(again), axis=1, kind="stable")
    return Agreement(
        tuple(int(i) for i in truth),
        float((order[:, 0] == truth[0]).mean()),
        float((order == truth).all(axis=1).mean()),
        1 / settings,
        1 / float(np.prod(np.arange(1, settings + 1))),
        float((repeated == truth).all(axis=1).mean()),
    )


def _means(errors: FloatArray) -> FloatArray:
    """Over the last axis, of the runs that did not fail; infinite where all did."""
    kept = (~np.isnan(errors)).sum(axis=-1)
    means: FloatArray = np.where(kept > 0, np.nansum(errors, axis=-1) / np.maximum(kept, 1), np.inf)
    return means
