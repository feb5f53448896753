"""How reliably one run of each setting shows which setting is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointbench.types import FloatArray

DRAWS = 20_000


@dataclass(frozen=True)
class Agreement:
    """How often a draw of one run per setting agrees with the settings' means, as shares of draws.

    truth: the settings, least mean first. best: the run with the least error is of the setting with the least mean.
    order: the runs come in the order of the means. chance_*: by guessing. repeated_order: the means of as many new runs
    (drawn with replacement) come in that order, which shows how well it is known.
    """

    truth: tuple[int, ...]
    best: float
    order: float
    chance_best: float
    chance_order: float
    repeated_order: float


def agreement(errors: FloatArray, seed: int = 0) -> Agreement:
    """errors: (settings, runs), NaN for a run that failed: it is last in a draw, and left out of its setting's mean."""
    rng = np.random.default_rng(seed)
    settings, runs = errors.shape
    truth = np.argsort(_means(errors), kind="stable")
    rows = np.arange(settings)
    drawn = np.nan_to_num(errors, nan=np.inf)[rows, rng.integers(0, runs, (DRAWS, settings))]
    order = np.argsort(drawn, axis=1, kind="stable")
    again = errors[rows[:, None], rng.integers(0, runs, (DRAWS // 10, settings, runs))]
    repeated = np.argsort(_means(again), axis=1, kind="stable")
    return Agreement(
        truth=tuple(int(i) for i in truth),
        best=float((order[:, 0] == truth[0]).mean()),
        order=float((order == truth).all(axis=1).mean()),
        chance_best=1 / settings,
        chance_order=1 / float(np.prod(np.arange(1, settings + 1))),
        repeated_order=float((repeated == truth).all(axis=1).mean()),
    )


def _means(errors: FloatArray) -> FloatArray:
    """Over the last axis, of the runs that did not fail; infinite where all did."""
    finished = (~np.isnan(errors)).sum(axis=-1)
    means: FloatArray = np.where(finished > 0, np.nansum(errors, axis=-1) / np.maximum(finished, 1), np.inf)
    return means
