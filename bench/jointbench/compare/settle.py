"""What would settle it: the levers that make an inconclusive verdict decisive, and how far each has to go.

The posterior's scale is sd * sqrt(1/n + 1/(K - 1)) with sd^2 = between + within/S, so repeats take it down to a floor
of sd / sqrt(K - 1), and seeds take sd down to sqrt(between). Every prediction takes the mean to stay where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from jointbench.compare.correlated import (
    ROPE,
    Posterior,
    correlated_t_test,
    interval_half_width,
    posterior,
    posterior_scale,
)
from jointbench.compare.output_verdict import PROBABILITY, OutputVerdict, output_verdict
from jointbench.compare.spread import Setting, Spread, estimate_spread

Lever = Literal["repeats", "seeds", "folds"]
Reason = Literal["settles", "floor too wide", "beyond the grid", "one seed: its spread is unknown"]

FOLDS = (5, 10, 20)
REPEATS = (1, 2, 3, 5, 10, 20, 50)
SEEDS = (1, 2, 3, 5, 10, 20, 50)
_NO_LIMIT = 1e9  # stands for infinitely many repeats, folds or degrees of freedom


@dataclass(frozen=True)
class LeverAdvice:
    """One lever, the other two left as they are.

    ``setting`` and ``half_width`` (of the 95 % interval, in skill) are the smallest that settles it, None where none
    does. ``floor``: the half-width that this lever approaches and cannot pass; "floor too wide" means that no number of
    repeats (seeds, folds) would do; None where it is not known.
    """

    lever: Lever
    reason: Reason
    setting: Setting | None
    half_width: float | None
    floor: float | None


@dataclass(frozen=True)
class Advice:
    """Where a comparison stands and what would settle it.

    ``verdict``, ``half_width``, ``setting``: the present ones; ``levers``: repeats, seeds and folds on their own, none
    where the verdict is decisive already; ``cheapest``: the setting with the fewest fits over all levers together, with
    its predicted ``cheapest_half_width``, None where nothing in the grid settles it or nothing is left to settle.
    """

    verdict: OutputVerdict
    setting: Setting
    spread: Spread
    half_width: float
    levers: tuple[LeverAdvice, ...]
    cheapest: Setting | None
    cheapest_half_width: float | None


def predicted_posterior(mean: float, spread: Spread, setting: Setting, rope: float = ROPE) -> Posterior:
    """The posterior to expect at ``setting`` if the mean (skill) and the variance components stay as they are."""
    sd = sqrt(spread.fold_variance(setting.folds, setting.seeds))
    scale = float(posterior_scale(sd, setting.pairs, setting.folds))
    return posterior(mean, scale, setting.pairs - 1, rope)


def what_would_settle(
    differences: npt.ArrayLike,
    *,
    rope: float = ROPE,
    probability: float = PROBABILITY,
    folds: Sequence[int] = FOLDS,
    repeats: Sequence[int] = REPEATS,
    seeds: Sequence[int] = SEEDS,
    test_noise: float = 1.0,
) -> Advice:
    """Advice from the differences in skill (joint - other) seen so far.

    ``differences``: (repeats, folds, seeds), NaN where a pair of fits failed.
    ``folds``, ``repeats``, ``seeds``: the grid of settings to choose from; none below the present ones is advised,
    except that with more folds everything is fitted anew and repeats and seeds start again from the grid's smallest.
    ``test_noise``: see ``Spread``; at 0, more folds are taken to leave the spread as it is.
    Raises ValueError as ``estimate_spread`` and ``output_verdict`` do.
    """
    spread = estimate_spread(differences, test_noise=test_noise)
    values = np.asarray(differences, dtype=np.float64)
    now = Setting(values.shape[1], values.shape[0], values.shape[2])
    cells = values.reshape(-1, now.seeds)
    pairs = np.nanmean(cells[~np.isnan(cells).all(axis=1)], axis=1)
    present = correlated_t_test(pairs, folds=now.folds, rope=rope)
    verdict = output_verdict(present, probability=probability)

    width = float(interval_half_width(present.scale, present.df))
    if verdict != "inconclusive":
        return Advice(verdict, now, spread, width, (), None, None)

    def settles(setting: Setting) -> bool:
        expected = predicted_posterior(present.mean, spread, setting, rope)
        return output_verdict(expected, probability=probability) != "inconclusive"

    def half_width(setting: Setting) -> float:
        expected = predicted_posterior(present.mean, spread, setting, rope)
        return float(interval_half_width(expected.scale, expected.df))

    def pull(lever: Lever, settings: list[Setting]) -> LeverAdvice:
        if lever == "seeds" and spread.within is None:
            return LeverAdvice(lever, "one seed: its spread is unknown", None, None, None)
        limit = _floor_scale(lever, now, spread)
        df = now.pairs - 1 if lever == "seeds" else _NO_LIMIT
        floor = float(interval_half_width(limit, df))
        found = next((setting for setting in settings if settles(setting)), None)
        if found is not None:
            return LeverAdvice(lever, "settles", found, half_width(found), floor)
        at_floor = output_verdict(posterior(present.mean, limit, df, rope), probability=probability)
        reason: Reason = "floor too wide" if at_floor == "inconclusive" else "beyond the grid"
        return LeverAdvice(lever, reason, None, None, floor)

    more_folds = sorted(k for k in set(folds) if k > now.folds)
    more_repeats = sorted(r for r in set(repeats) if r > now.repeats)
    more_seeds = sorted(s for s in set(seeds) if s > now.seeds) if spread.within is not None else []
    levers = (
        pull("repeats", [Setting(now.folds, r, now.seeds) for r in more_repeats]),
        pull("seeds", [Setting(now.folds, now.repeats, s) for s in more_seeds]),
        pull("folds", [Setting(k, now.repeats, now.seeds) for k in more_folds]),
    )
    known_seeds = sorted(set(seeds)) if spread.within is not None else [1]
    grid = [
        *(Setting(now.folds, r, s) for r, s in product([now.repeats, *more_repeats], [now.seeds, *more_seeds])),
        *(Setting(k, r, s) for k, r, s in product(more_folds, sorted(set(repeats)), known_seeds)),
    ]
    # sorted is stable: at equally many fits, the present folds come first, whose fits can be reused
    by_fits = sorted((setting for setting in grid if setting != now), key=lambda setting: setting.fits)
    cheapest = next((setting for setting in by_fits if settles(setting)), None)
    return Advice(verdict, now, spread, width, levers, cheapest, None if cheapest is None else half_width(cheapest))


def _floor_scale(lever: Lever, now: Setting, spread: Spread) -> float:
    """The posterior's scale that one lever approaches without limit, in skill."""
    if lever == "repeats":
        return float(posterior_scale(sqrt(spread.fold_variance(now.folds, now.seeds)), int(_NO_LIMIT), now.folds))
    if lever == "seeds":
        return float(posterior_scale(sqrt(spread.between), now.pairs, now.folds))
    # variance grows as K (or stays), the factor shrinks as (1/R + 1)/K: the limit is 0 where none of it is test noise
    per_fold = spread.fold_variance(spread.folds, now.seeds) * spread.test_noise / spread.folds
    return sqrt(per_fold * (1.0 / now.repeats + 1.0))
