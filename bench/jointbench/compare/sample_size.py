"""How many repeats, seeds or folds would make an inconclusive verdict decisive.

The posterior's scale is sd * sqrt(1/n + 1/(K - 1)) with sd^2 = between + within/S. So repeats lower it to a floor of
sd / sqrt(K - 1), and seeds lower sd to sqrt(between). Every prediction assumes that the mean stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.summary.decisions import (
    BEYOND_THE_GRID,
    FLOOR_TOO_WIDE,
    ONE_SEED,
    SETTLES,
    Factor,
    FactorAdvice,
)
from jointbench.compare.verdict_rule import Bools, dataset_verdicts
from jointbench.stats.correlated_t_test import (
    Posterior,
    correlated_t_test,
    interval_half_width,
    region_probabilities,
)
from jointbench.stats.variance_components import CVDesign, VarianceComponents, estimate_components
from jointbench.types import FloatArray

FOLDS = (5, 10, 20)
REPEATS = (1, 2, 3, 5, 10, 20, 50)
SEEDS = (1, 2, 3, 5, 10, 20, 50)
_NO_LIMIT = 10**9  # stands for infinitely many repeats, folds or degrees of freedom


@dataclass(frozen=True)
class DesignGrid:
    """The cross-validations to choose from: all combinations that need at most ``most_fits`` fits per network."""

    folds: Sequence[int] = FOLDS
    repeats: Sequence[int] = REPEATS
    seeds: Sequence[int] = SEEDS
    most_fits: float = inf

    def designs(self) -> Iterator[CVDesign]:
        """By their fits, then folds, then repeats."""
        combinations = (CVDesign(*sizes) for sizes in product(self.folds, self.repeats, self.seeds))
        allowed = (design for design in combinations if design.fits <= self.most_fits)
        yield from sorted(allowed, key=lambda design: (design.fits, design.folds, design.repeats))


GRID = DesignGrid()


@dataclass(frozen=True, kw_only=True)
class RequiredSampleSize:
    """Where a comparison stands and what would settle it.

    ``decided``: it is decisive already; ``half_width`` (of the interval of the ``weakest`` output, an index) and
    ``design``: the present ones; ``components``: per output; ``factors``: repeats, seeds and folds on their own, none
    where it is decided; ``cheapest``: the design with the fewest fits over all factors together, None where nothing in
    the grid settles it or nothing is left to settle.
    """

    decided: bool
    design: CVDesign
    components: tuple[VarianceComponents, ...]
    weakest: int
    half_width: float
    factors: tuple[FactorAdvice, ...] = ()
    cheapest: CVDesign | None = None


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What is known from a run: per output the posterior and the variance components, at the present design.

    saves: some measured cost is lower, so that outputs that lose nothing are enough for a verdict.
    """

    criteria: VerdictCriteria
    saves: bool
    design: CVDesign
    posteriors: tuple[Posterior, ...]
    components: tuple[VarianceComponents, ...]

    @property
    def weakest(self) -> int:
        """The output that is least likely to lose nothing."""
        return int(np.argmin([posterior.probabilities.no_loss for posterior in self.posteriors]))

    @property
    def one_seed(self) -> bool:
        return any(components.within is None for components in self.components)

    def decided(self, scale: FloatArray, df: npt.ArrayLike) -> Bools:
        """(designs,): is it decided with these scales, (outputs, designs), at the present means?"""
        mean = np.array([posterior.mean for posterior in self.posteriors])[:, None]
        probabilities = region_probabilities(mean, scale, df, self.criteria.rope)
        return dataset_verdicts(probabilities, self.criteria, saves=self.saves).decided

    def decided_now(self) -> bool:
        scale, df = (np.array([[getattr(p, name)] for p in self.posteriors]) for name in ("scale", "df"))
        return bool(self.decided(scale, df)[0])

    def first_decided(self, designs: Sequence[CVDesign]) -> CVDesign | None:
        """The first of the designs that decides it."""
        if not designs:
            return None
        scale = np.stack([_scale(components, designs) for components in self.components])
        decided = self.decided(scale, np.array([[design.pairs - 1 for design in designs]]))
        return designs[int(decided.argmax())] if decided.any() else None

    def half_width(self, design: CVDesign) -> float:
        """Of the weakest output's interval."""
        return float(interval_half_width(_scale(self.components[self.weakest], [design])[0], design.pairs - 1))

    def alone(self, factor: Factor, designs: Sequence[CVDesign]) -> FactorAdvice:
        """What one factor does, at these designs that differ from the present one in nothing else."""
        if factor == "seeds" and self.one_seed:
            return FactorAdvice(factor, ONE_SEED, None, None, None)
        limit = np.array([[_floor_scale(factor, self.design, components)] for components in self.components])
        df = self.design.pairs - 1 if factor == "seeds" else _NO_LIMIT
        floor = float(interval_half_width(limit[self.weakest, 0], df))
        design = self.first_decided(designs)
        if design is not None:
            return FactorAdvice(factor, SETTLES, design, self.half_width(design), floor)
        never = not self.decided(limit, np.array([[df]]))[0]
        return FactorAdvice(factor, FLOOR_TOO_WIDE if never else BEYOND_THE_GRID, None, None, floor)


def required_sample_size(
    differences: npt.ArrayLike, criteria: VerdictCriteria, *, saves: bool, grid: DesignGrid = GRID
) -> RequiredSampleSize:
    """What would settle it, from the differences in skill (joint - other) seen so far.

    ``differences``: (outputs, repeats, folds, seeds), or without the first axis; NaN where a pair of fits failed.
    ``saves``: some measured cost of joint is lower. ``grid``: the designs to choose from; none below the present one is
    advised, except that with more folds everything is fitted anew and repeats and seeds start again from the grid's
    smallest.
    Raises ValueError as ``estimate_components`` does.
    """
    values = np.asarray(differences, dtype=np.float64)
    evidence = _evidence(values if values.ndim == 4 else values[None], criteria, saves=saves)
    weakest = evidence.posteriors[evidence.weakest]
    decided = evidence.decided_now()
    factors, cheapest = ((), None) if decided else _advice(evidence, grid)
    return RequiredSampleSize(
        decided=decided,
        design=evidence.design,
        components=evidence.components,
        weakest=evidence.weakest,
        half_width=(weakest.high - weakest.low) / 2,
        factors=factors,
        cheapest=cheapest,
    )


def _evidence(differences: FloatArray, criteria: VerdictCriteria, *, saves: bool) -> _Evidence:
    """differences: (outputs, repeats, folds, seeds)."""
    _, repeats, folds, seeds = differences.shape
    components = tuple(estimate_components(output) for output in differences)
    one_seed = any(output.within is None for output in components)
    return _Evidence(
        criteria=criteria,
        saves=saves,
        design=CVDesign(folds, repeats, 1 if one_seed else seeds),
        posteriors=tuple(
            correlated_t_test(_fold_means(output), folds=folds, rope=criteria.rope) for output in differences
        ),
        components=components,
    )


def _advice(evidence: _Evidence, grid: DesignGrid) -> tuple[tuple[FactorAdvice, ...], CVDesign | None]:
    """Each factor on its own, and the design with the fewest fits that settles it."""
    now = evidence.design
    more_folds = sorted(k for k in set(grid.folds) if k > now.folds)
    more_repeats = sorted(r for r in set(grid.repeats) if r > now.repeats)
    more_seeds = [] if evidence.one_seed else sorted(s for s in set(grid.seeds) if s > now.seeds)
    factors = (
        evidence.alone("repeats", [CVDesign(now.folds, r, now.seeds) for r in more_repeats]),
        evidence.alone("seeds", [CVDesign(now.folds, now.repeats, s) for s in more_seeds]),
        evidence.alone("folds", [CVDesign(k, now.repeats, now.seeds) for k in more_folds]),
    )
    known_seeds = [1] if evidence.one_seed else sorted(set(grid.seeds))
    designs = [
        *(CVDesign(now.folds, r, s) for r, s in product([now.repeats, *more_repeats], [now.seeds, *more_seeds])),
        *(CVDesign(k, r, s) for k, r, s in product(more_folds, sorted(set(grid.repeats)), known_seeds)),
    ]
    # sorted is stable: at equally many fits, the present folds come first, whose fits can be reused
    by_fits = sorted((d for d in designs if d != now and d.fits <= grid.most_fits), key=lambda design: design.fits)
    return factors, evidence.first_decided(by_fits)


def _fold_means(differences: FloatArray) -> FloatArray:
    """The differences of one output averaged over seeds, (pairs,), without the folds that have none."""
    by_fold = differences.reshape(-1, differences.shape[-1])
    return np.asarray(np.nanmean(by_fold[~np.isnan(by_fold).all(axis=1)], axis=1))


def _scale(components: VarianceComponents, designs: Sequence[CVDesign]) -> FloatArray:
    """The posterior's scale at each design: see ``posterior_scale``."""
    return np.array(
        [sqrt(components.fold_variance(d.folds, d.seeds) * (1.0 / d.pairs + 1.0 / (d.folds - 1))) for d in designs]
    )


def _floor_scale(factor: Factor, now: CVDesign, components: VarianceComponents) -> float:
    """The posterior's scale that one factor approaches without limit, in skill."""
    if factor == "repeats":
        return float(_scale(components, [CVDesign(now.folds, _NO_LIMIT, now.seeds)])[0])
    if factor == "seeds":
        return sqrt(components.between * (1.0 / now.pairs + 1.0 / (now.folds - 1)))
    # the variance grows as K and the factor on it shrinks as (1/R + 1)/K
    per_fold = components.fold_variance(components.folds, now.seeds) / components.folds
    return sqrt(per_fold * (1.0 / now.repeats + 1.0))
