"""What would settle it: the levers that make an inconclusive verdict decisive, and how far each has to go.

The posterior's scale is sd * sqrt(1/n + 1/(K - 1)) with sd^2 = between + within/S, so repeats take it down to a floor
of sd / sqrt(K - 1), and seeds take sd down to sqrt(between). Every prediction takes the mean to stay where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from jointbench.compare.summary.decisions import Factor, FactorAdvice
from jointbench.compare.verdict import PROBABILITY, check_probability
from jointbench.stats.correlated_t_test import (
    ROPE,
    Posterior,
    correlated_t_test,
    interval_half_width,
    posterior,
    probability_above,
)
from jointbench.stats.variance_components import CVDesign, VarianceComponents, estimate_components
from jointbench.types import FloatArray

FOLDS = (5, 10, 20)
REPEATS = (1, 2, 3, 5, 10, 20, 50)
SEEDS = (1, 2, 3, 5, 10, 20, 50)
_NO_LIMIT = 10**9  # stands for infinitely many repeats, folds or degrees of freedom


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Where a comparison stands and what would settle it.

    ``decided``: it is decisive already; ``half_width`` (of the ``weakest`` output, by its place) and ``setting``: the
    present ones; ``spreads``: per output; ``levers``: repeats, seeds and folds on their own, none where it is decided;
    ``cheapest``: the setting with the fewest fits over all levers together, with its predicted
    ``cheapest_half_width``, None where nothing in the grid settles it or nothing is left to settle.
    """

    decided: bool
    setting: CVDesign
    spreads: tuple[VarianceComponents, ...]
    weakest: int
    half_width: float
    levers: tuple[FactorAdvice, ...]
    cheapest: CVDesign | None
    cheapest_half_width: float | None


@dataclass(frozen=True)
class Beliefs:
    """Probabilities of each output (first axis) at each setting (second): arrays (outputs, settings)."""

    joint_better: FloatArray
    equivalent: FloatArray
    other_better: FloatArray
    no_loss: FloatArray


Rule = Callable[[Beliefs], npt.NDArray[np.bool_]]  # (settings,): is it decided there?


def any_verdict(probability: float = PROBABILITY) -> Rule:
    """Decided where every output has one of the three verdicts."""
    check_probability(probability)

    def decided(beliefs: Beliefs) -> npt.NDArray[np.bool_]:
        likeliest = np.maximum.reduce([beliefs.joint_better, beliefs.equivalent, beliefs.other_better])
        return np.asarray((likeliest >= probability).all(axis=0), dtype=np.bool_)

    return decided


def predicted_posterior(mean: float, spread: VarianceComponents, setting: CVDesign, rope: float = ROPE) -> Posterior:
    """The posterior to expect at ``setting`` if the mean (skill) and the variance components stay as they are."""
    return posterior(mean, float(_scale(spread, [setting])[0]), setting.pairs - 1, rope)


def required_sample_size(
    differences: npt.ArrayLike,
    decided: Rule | None = None,
    *,
    rope: float = ROPE,
    folds: Sequence[int] = FOLDS,
    repeats: Sequence[int] = REPEATS,
    seeds: Sequence[int] = SEEDS,
    most_fits: float = inf,
    test_noise: float = 1.0,
) -> Advice:
    """Advice from the differences in skill (joint - other) seen so far.

    ``differences``: (outputs, repeats, folds, seeds), or without the first axis; NaN where a pair of fits failed.
    ``decided``: what settles it, by default a verdict on every output.
    ``folds``, ``repeats``, ``seeds``: the grid of settings to choose from, those of at most ``most_fits`` fits; none
    below the present ones is advised, except that with more folds everything is fitted anew and repeats and seeds
    start again from the grid's smallest.
    ``test_noise``: see ``VarianceComponents``; at 0, more folds are taken to leave the spread as it is.
    Raises ValueError as ``estimate_components`` does.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values if values.ndim == 4 else values[None]
    rule = any_verdict() if decided is None else decided
    spreads = tuple(estimate_components(output, test_noise=test_noise) for output in values)
    one_seed = any(spread.within is None for spread in spreads)
    now = CVDesign(values.shape[2], values.shape[1], 1 if one_seed else values.shape[3])
    present = [correlated_t_test(_cells(output), folds=now.folds, rope=rope) for output in values]
    means = np.array([belief.mean for belief in present])
    weakest = int(np.argmin([belief.probability_above(-rope) for belief in present]))
    mine = spreads[weakest]
    width = (present[weakest].high - present[weakest].low) / 2
    if rule(_beliefs(means, np.array([[b.scale] for b in present]), np.array([[b.df] for b in present]), rope))[0]:
        return Advice(
            decided=True,
            setting=now,
            spreads=spreads,
            weakest=weakest,
            half_width=width,
            levers=(),
            cheapest=None,
            cheapest_half_width=None,
        )

    def first(settings: Sequence[CVDesign]) -> CVDesign | None:
        """The first of the settings that decides it."""
        if not settings:
            return None
        scale = np.stack([_scale(spread, settings) for spread in spreads])
        found = rule(_beliefs(means, scale, np.array([[setting.pairs - 1 for setting in settings]]), rope))
        return settings[int(found.argmax())] if found.any() else None

    def half_width(setting: CVDesign) -> float:
        return float(interval_half_width(_scale(mine, [setting])[0], setting.pairs - 1))

    def pull(lever: Factor, settings: list[CVDesign]) -> FactorAdvice:
        if lever == "seeds" and one_seed:
            return FactorAdvice(lever, "one seed: its spread is unknown", None, None, None)
        limit = np.array([[_floor_scale(lever, now, spread)] for spread in spreads])
        df = now.pairs - 1 if lever == "seeds" else _NO_LIMIT
        floor = float(interval_half_width(limit[weakest, 0], df))
        found = first(settings)
        if found is not None:
            return FactorAdvice(lever, "settles", found, half_width(found), floor)
        never = not rule(_beliefs(means, limit, np.array([[df]]), rope))[0]
        return FactorAdvice(lever, "floor too wide" if never else "beyond the grid", None, None, floor)

    more_folds = sorted(k for k in set(folds) if k > now.folds)
    more_repeats = sorted(r for r in set(repeats) if r > now.repeats)
    more_seeds = [] if one_seed else sorted(s for s in set(seeds) if s > now.seeds)
    levers = (
        pull("repeats", [CVDesign(now.folds, r, now.seeds) for r in more_repeats]),
        pull("seeds", [CVDesign(now.folds, now.repeats, s) for s in more_seeds]),
        pull("folds", [CVDesign(k, now.repeats, now.seeds) for k in more_folds]),
    )
    known_seeds = [1] if one_seed else sorted(set(seeds))
    grid = [
        *(CVDesign(now.folds, r, s) for r, s in product([now.repeats, *more_repeats], [now.seeds, *more_seeds])),
        *(CVDesign(k, r, s) for k, r, s in product(more_folds, sorted(set(repeats)), known_seeds)),
    ]
    # sorted is stable: at equally many fits, the present folds come first, whose fits can be reused
    by_fits = sorted((s for s in grid if s != now and s.fits <= most_fits), key=lambda setting: setting.fits)
    cheapest = first(by_fits)
    return Advice(
        decided=False,
        setting=now,
        spreads=spreads,
        weakest=weakest,
        half_width=width,
        levers=levers,
        cheapest=cheapest,
        cheapest_half_width=None if cheapest is None else half_width(cheapest),
    )


def _cells(differences: FloatArray) -> FloatArray:
    """The differences of one output averaged over seeds, (pairs,), without the folds that have none."""
    cells = differences.reshape(-1, differences.shape[-1])
    return np.asarray(np.nanmean(cells[~np.isnan(cells).all(axis=1)], axis=1))


def _scale(spread: VarianceComponents, settings: Sequence[CVDesign]) -> FloatArray:
    """The posterior's scale at each setting: see ``posterior_scale``."""
    return np.array(
        [sqrt(spread.fold_variance(s.folds, s.seeds) * (1.0 / s.pairs + 1.0 / (s.folds - 1))) for s in settings]
    )


def _beliefs(
    means: FloatArray, scale: FloatArray, df: npt.NDArray[np.floating] | npt.NDArray[np.integer], rope: float
) -> Beliefs:
    mean = means[:, None]
    joint, other = probability_above(rope, mean, scale, df), probability_above(rope, -mean, scale, df)
    return Beliefs(joint, 1.0 - joint - other, other, probability_above(-rope, mean, scale, df))


def _floor_scale(lever: Factor, now: CVDesign, spread: VarianceComponents) -> float:
    """The posterior's scale that one lever approaches without limit, in skill."""
    if lever == "repeats":
        return float(_scale(spread, [CVDesign(now.folds, _NO_LIMIT, now.seeds)])[0])
    if lever == "seeds":
        return sqrt(spread.between * (1.0 / now.pairs + 1.0 / (now.folds - 1)))
    # variance grows as K (or stays), the factor shrinks as (1/R + 1)/K: the limit is 0 where none of it is test noise
    per_fold = spread.fold_variance(spread.folds, now.seeds) * spread.test_noise / spread.folds
    return sqrt(per_fold * (1.0 / now.repeats + 1.0))
