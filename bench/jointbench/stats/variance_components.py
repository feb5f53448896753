"""The spread of a difference: between folds, and within a fold from one initialisation seed to the next.

One-way random effects: a fold's mean over S seeds has variance between + within / S, so averaging seeds shrinks the
second part alone. Both parts are also made of the noise of a finite test fold, which n/K rows average: with K' folds
instead of K they grow as K'/K. On wine_quality the spread over seeds, squared, is 2.1, 4.3 and 8.0e-4 at 5, 10 and 20
folds. Taking them for constant would promise that more folds settle what they do not.
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
    ``test_noise``: the share of both that comes from the finite test fold, in [0, 1]; 1 (all of it) is what
    wine_quality shows and the cautious choice, 0 takes the spread for independent of K.
    """

    between: float
    within: float | None
    folds: int
    test_noise: float = 1.0

    def growth(self, folds: int) -> float:
        """The factor on both variances at another number of folds."""
        return 1.0 + self.test_noise * (folds / self.folds - 1.0)

    def fold_variance(self, folds: int, seeds: int) -> float:
        """Variance of the seed-averaged differences, in squared skill, at another number of folds and seeds.

        Raises ValueError for more than one seed where ``within`` is not known.
        """
        if self.within is None and seeds != 1:
            raise ValueError("the spread within folds is not known from one seed: run at least two seeds per fold")
        return (self.between + (self.within or 0.0) / seeds) * self.growth(folds)


def estimate_components(differences: npt.ArrayLike, *, test_noise: float = 1.0) -> VarianceComponents:
    """Variance components from differences (repeats, folds, seeds) in skill; NaN where a pair of fits failed.

    Unbiased for unweighted cell means: within is pooled over the cells that have two seeds or more, between is the
    cell means' variance less within times the mean of 1/seeds, and 0 where that is negative. ``test_noise`` goes into
    the result as it is given: one number of folds cannot show it.
    Raises ValueError for another shape, fewer than 2 folds, or fewer than 2 cells with a difference.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 3 or values.shape[1] < 2 or np.isinf(values).any():
        raise ValueError("differences must be finite (or NaN), of shape (repeats, folds, seeds), with at least 2 folds")
    cells = values.reshape(-1, values.shape[2])
    cells = cells[~np.isnan(cells).all(axis=1)]
    if len(cells) < 2:
        raise ValueError(f"at least 2 folds with a difference are needed to see their spread; there is {len(cells)}")
    seeds = (~np.isnan(cells)).sum(axis=1)
    means = np.nanmean(cells, axis=1)
    over_cells = float(means.var(ddof=1))
    repeated = float((seeds - 1).sum())
    if repeated == 0.0:
        return VarianceComponents(over_cells, None, values.shape[1], test_noise)
    within = float(np.nansum((cells - means[:, None]) ** 2)) / repeated
    between = max(0.0, over_cells - within * float((1.0 / seeds).mean()))
    return VarianceComponents(between, within, values.shape[1], test_noise)


def simulate_differences(
    means: npt.ArrayLike,
    spread: VarianceComponents,
    setting: CVDesign,
    generator: np.random.Generator,
    *,
    correlation: float | None = None,
) -> FloatArray:
    """Differences (comparisons, repeats, folds, seeds) in skill around true ``means`` (comparisons,).

    Gaussian, with the correlation of a repeated K-fold: a part shared by all folds (the dataset's own luck, which no
    repeat averages out), a part of each fold, and seed noise within it. The first two give any two folds the
    ``correlation``, by default rho = 1/K: two test folds of different repeats share 1/K of their rows, and that is
    their correlation from test noise; two of one repeat share none, so this is a little harder than a real one.
    Raises ValueError unless the spread has both components and the correlation is in [0, 1).
    """
    rho = 1.0 / setting.folds if correlation is None else correlation
    if spread.within is None or not 0.0 <= rho < 1.0:
        raise ValueError("simulating needs the spread within folds, and a correlation of at least 0 and below 1")
    truth = np.asarray(means, dtype=np.float64)[:, None, None, None]
    # the spread between folds is what a run sees, (1 - rho) of the whole; the shared part is the rho it cannot see
    own = spread.between * spread.growth(setting.folds)
    within = spread.within * spread.growth(setting.folds)
    shape = (len(truth), setting.repeats, setting.folds, setting.seeds)
    shared = generator.normal(0.0, np.sqrt(own * rho / (1.0 - rho)), (len(truth), 1, 1, 1))
    fold = generator.normal(0.0, np.sqrt(own), (*shape[:3], 1))
    return np.asarray(truth + shared + fold + generator.normal(0.0, np.sqrt(within), shape))
