"""The Bayesian correlated t-test: the posterior of a mean difference from paired differences over folds.

Folds of a cross-validation overlap, so their differences are correlated and the naive standard error is too small.
Corani and Benavoli, "A Bayesian approach for comparing cross-validated algorithms on multiple data sets", Machine
Learning 100 (2015), give the posterior of the mean difference under a known correlation rho between any two folds:
Student t with n - 1 degrees of freedom at the sample mean, with scale sd * sqrt(1/n + rho / (1 - rho)).
With rho = 1/K (Nadeau and Bengio's test share) the scale is sd * sqrt(1/n + 1/(K - 1)), for any number of repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import special

from jointbench.types import FloatArray

ROPE = 0.01  # the region of practical equivalence, +-0.01 skill
LEVEL = 0.95  # of the central interval


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """What is believed about one difference in skill (joint - other; positive: joint is better).

    A Student t with ``df`` degrees of freedom at ``mean`` with ``scale``, all in skill; ``scale`` 0 is a point mass.
    The three probabilities are of more than ``rope``, within it (edges included) and less than ``-rope``, and sum
    to 1; ``low`` and ``high`` bound the central 95 % interval.
    """

    mean: float
    scale: float
    df: float
    rope: float
    probability_joint_better: float
    probability_equivalent: float
    probability_other_better: float
    low: float
    high: float

    @property
    def probabilities(self) -> RegionProbabilities:
        """The same three, and that of no loss, as arrays of shape ()."""
        return region_probabilities(self.mean, self.scale, self.df, self.rope)

    def probability_above(self, x: float) -> float:
        """P(difference > x); strict, so a point mass exactly at ``x`` gives 0."""
        return float(probability_above(x, self.mean, self.scale, self.df))


@dataclass(frozen=True, eq=False)
class RegionProbabilities:
    """Where differences in skill are believed to lie, as arrays of one shape, one value for each difference.

    joint_better: above the region of practical equivalence, equivalent: within it, other_better: below it; the three
    sum to 1. no_loss: within it or above.
    """

    joint_better: FloatArray
    equivalent: FloatArray
    other_better: FloatArray
    no_loss: FloatArray


def correlated_t_test(
    differences: npt.ArrayLike, *, folds: int | None = None, rope: float = ROPE, overlap: float | None = None
) -> Posterior:
    """The posterior of the mean difference in skill, from paired differences joint - other.

    ``differences``: (repeats, folds), initialisation seeds already averaged within each fold; or a flat array of any
    number of pairs (failed ones removed) with ``folds``, the K of the cross-validation they came from, or with
    ``overlap``, see ``posterior_scale``.
    Raises ValueError for fewer than 2 differences, fewer than 2 folds, a value that is not finite, a negative rope.
    """
    flat, k = paired_differences(differences, folds) if overlap is None else (_finite(differences), 0)
    mean, sd = mean_and_sd(flat)
    return posterior(float(mean), float(posterior_scale(sd, flat.size, k, overlap)), flat.size - 1, rope)


def posterior(mean: float, scale: float, df: float, rope: float = ROPE) -> Posterior:
    """The Posterior with this Student t: location, scale (both in skill) and degrees of freedom.

    Raises ValueError for a negative rope.
    """
    if not rope >= 0:
        raise ValueError(f"the region of practical equivalence must be 0 or wider, not {rope}")
    probabilities = region_probabilities(mean, scale, df, rope)
    half = float(interval_half_width(scale, df))
    return Posterior(
        mean=mean,
        scale=scale,
        df=df,
        rope=rope,
        probability_joint_better=float(probabilities.joint_better),
        probability_equivalent=float(probabilities.equivalent),
        probability_other_better=float(probabilities.other_better),
        low=mean - half,
        high=mean + half,
    )


def paired_differences(differences: npt.ArrayLike, folds: int | None) -> tuple[FloatArray, int]:
    """The differences as one flat float64 array, and K; checked, for every test on the differences of one output.

    Raises ValueError as ``correlated_t_test`` does.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim == 2 and folds is None:
        folds = values.shape[1]
    if values.ndim not in (1, 2) or folds is None:
        raise ValueError("differences must be (repeats, folds), or flat with the number of folds given")
    if values.ndim == 2 and folds != values.shape[1]:
        raise ValueError(f"differences have {values.shape[1]} folds, but folds={folds} was given")
    if folds < 2:
        raise ValueError(f"a cross-validation has at least 2 folds, not {folds}: one leaves nothing to train on")
    return _finite(values), folds


def _finite(differences: npt.ArrayLike) -> FloatArray:
    """(pairs,). Raises ValueError for fewer than two, or one that is not finite."""
    values = np.asarray(differences, dtype=np.float64).ravel()
    if values.size < 2:
        raise ValueError(f"at least 2 paired differences are needed to see their spread; there is {values.size}")
    if not np.isfinite(values).all():
        raise ValueError("a difference is not finite: remove failed pairs first and pass a flat array with folds given")
    return values


def mean_and_sd(differences: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sample mean and standard deviation (n - 1) over the last axis.

    The deviation of equal values is exactly 0, not the rounding of their mean: a point mass must be seen as one.
    """
    first = differences[..., :1]
    shifted = differences - first  # exactly zero where all are equal, so that nothing rounds
    mean = first[..., 0] + shifted.mean(axis=-1)
    return mean, shifted.std(axis=-1, ddof=1)


def posterior_scale(sd: npt.ArrayLike, pairs: int, folds: int, overlap: float | None = None) -> FloatArray:
    """sd * sqrt(1/n + overlap): the same factor as Nadeau and Bengio's corrected resampled t-test.

    overlap: test rows over training rows; by default 1/(K - 1), that of K-fold cross-validation, and 0 of a single split,
    whose fits share their rows. Forward in time it is
    larger, because early folds train on few rows. Repeats (more pairs) take the factor down to its root and no further.
    """
    shared = (1.0 / (folds - 1) if folds > 1 else 0.0) if overlap is None else overlap
    return np.asarray(np.asarray(sd) * np.sqrt(1.0 / pairs + shared), dtype=np.float64)


def t_ratio(distance: npt.ArrayLike, scale: npt.ArrayLike) -> FloatArray:
    """distance / scale, broadcast; with scale 0: infinite with the distance's sign, and 0 for distance 0."""
    d, s = np.broadcast_arrays(np.asarray(distance, dtype=np.float64), np.asarray(scale, dtype=np.float64))
    infinite = np.where(d == 0.0, 0.0, np.copysign(np.inf, d))
    with np.errstate(over="ignore"):  # a scale near the smallest float may overflow to the infinity that is meant
        return np.asarray(np.divide(d, s, out=infinite, where=s > 0.0))


def probability_above(x: npt.ArrayLike, mean: npt.ArrayLike, scale: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """P(T > x) for T Student t at ``mean`` with ``scale``, broadcast; scale 0 is a point mass at the mean."""
    distance = np.asarray(mean, dtype=np.float64) - np.asarray(x, dtype=np.float64)
    point_mass_at_x = (np.asarray(scale) == 0.0) & (distance == 0.0)
    return np.where(point_mass_at_x, 0.0, special.stdtr(df, t_ratio(distance, scale)))


def region_probabilities(
    mean: npt.ArrayLike, scale: npt.ArrayLike, df: npt.ArrayLike, rope: npt.ArrayLike
) -> RegionProbabilities:
    """The probabilities of Student t's at ``mean`` with ``scale``, broadcast, as is the region's half-width ``rope``."""
    rope = np.asarray(rope, dtype=np.float64)
    at = np.asarray(mean, dtype=np.float64)
    joint, other = probability_above(rope, at, scale, df), probability_above(rope, -at, scale, df)
    point_mass = np.asarray(scale) == 0.0  # at the edge it is within the region, which ``probability_above`` excludes
    return RegionProbabilities(
        joint_better=joint,
        equivalent=np.maximum(0.0, 1.0 - joint - other),
        other_better=other,
        no_loss=np.where(point_mass, 1.0 - other, probability_above(-rope, at, scale, df)),
    )


def interval_half_width(scale: npt.ArrayLike, df: npt.ArrayLike, level: float = LEVEL) -> FloatArray:
    """Half the width of the central interval of a Student t, in the unit of ``scale``."""
    return cast(FloatArray, special.stdtrit(df, 0.5 + level / 2.0) * np.asarray(scale, dtype=np.float64))
