"""The spread of a difference: between folds, and within a fold from one initialisation seed to the next.

One-way random effects: a fold's mean over S seeds has variance between + within / S, so averaging seeds shrinks the
second part alone. Both parts also hold the noise of a finite test fold of n/K rows: with K' folds instead of K they
grow as K'/K. On wine_quality the variance over seeds is 2.1, 4.3 and 8.0e-4 at 5, 10 and 20 folds. Without this growth,
more folds would seem to settle what they do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.types import FloatArray


@dataclass(frozen=True)
class CVDesign:
    """A cross-validation: K folds, R repeats, S initialisation seeds in each fold."""

    folds: int
    repeats: int
    seeds: int

    @property
    def pairs(self) -> int:
        """Paired differences after the seeds are averaged within each fold."""
        return self.folds * self.repeats

    @property
    def fits(self) -> int:
        """Fits per network of an arm: K * R * S."""
        return self.folds * self.repeats * self.seeds


@dataclass(frozen=True)
class VarianceComponents:
    """Variance components of per-fold, per-seed differences, in squared skill, as seen at ``folds`` folds.

    ``between``: variance over folds and repeats without the seeds' part; ``within``: variance over seeds in one fold,
    or None where only one seed ran and the two cannot be told apart (``between`` then holds both).
    All of both is taken for noise of the finite test fold: what wine_quality shows, and the cautious choice.
    """

    between: float
    within: float | None
    folds: int

    def growth(self, folds: int) -> float:
        """The factor on both variances at another number of folds: test folds of fewer rows are noisier."""
        return folds / self.folds

    def fold_variance(self, folds: int, seeds: int) -> float:
        """Variance of the seed-averaged differences, in squared skill, at another number of folds and seeds.

        Raises ValueError for more than one seed where ``within`` is not known.
        """
        if self.within is None and seeds != 1:
            raise ValueError("the spread within folds is not known from one seed: run at least two seeds per fold")
        return (self.between + (self.within or 0.0) / seeds) * self.growth(folds)


def estimate_components(differences: npt.ArrayLike) -> VarianceComponents:
    """Variance components from differences (repeats, folds, seeds) in skill; NaN where a pair of fits failed.

    Unbiased for unweighted fold means: within is pooled over the folds that have two seeds or more; between is the
    variance of the fold means less within times the mean of 1/seeds, and 0 where that is negative.
    Raises ValueError for another shape, fewer than 2 folds, or fewer than 2 of them with a difference.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 3 or values.shape[1] < 2 or np.isinf(values).any():
        raise ValueError("differences must be finite (or NaN), of shape (repeats, folds, seeds), with at least 2 folds")
    by_fold = values.reshape(-1, values.shape[2])
    by_fold = by_fold[~np.isnan(by_fold).all(axis=1)]
    if len(by_fold) < 2:
        raise ValueError(f"at least 2 folds with a difference are needed to see their spread; there is {len(by_fold)}")
    seeds = (~np.isnan(by_fold)).sum(axis=1)
    means = np.nanmean(by_fold, axis=1)
    over_folds = float(means.var(ddof=1))
    repeated = float((seeds - 1).sum())
    if repeated == 0.0:
        return VarianceComponents(over_folds, None, values.shape[1])
    within = float(np.nansum((by_fold - means[:, None]) ** 2)) / repeated
    between = max(0.0, over_folds - within * float((1.0 / seeds).mean()))
    return VarianceComponents(between, within, values.shape[1])


def simulate_differences(
    means: npt.ArrayLike,
    components: VarianceComponents,
    design: CVDesign,
    generator: np.random.Generator,
) -> FloatArray:
    """Differences (comparisons, repeats, folds, seeds) in skill around true ``means`` (comparisons,).

    Gaussian, with the correlation of a repeated K-fold: a part shared by all folds (the dataset's own luck, which no
    repeat averages out), a part of each fold, and seed noise within it. The first two give any two folds the
    correlation rho = 1/K: two test folds of different repeats share 1/K of their rows, and that is their correlation
    from test noise. Two of one repeat share none, so this is a little harder than a real one.
    Raises ValueError unless the spread has both components.
    """
    if components.within is None:
        raise ValueError("simulating needs the spread within folds")
    rho = 1.0 / design.folds
    truth = np.asarray(means, dtype=np.float64)[:, None, None, None]
    # the variance between folds that a run sees is (1 - rho) of the whole; the shared part is the rest
    own = components.between * components.growth(design.folds)
    within = components.within * components.growth(design.folds)
    shape = (len(truth), design.repeats, design.folds, design.seeds)
    shared = generator.normal(0.0, np.sqrt(own * rho / (1.0 - rho)), (len(truth), 1, 1, 1))
    fold = generator.normal(0.0, np.sqrt(own), (*shape[:3], 1))
    return np.asarray(truth + shared + fold + generator.normal(0.0, np.sqrt(within), shape))
