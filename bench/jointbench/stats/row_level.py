"""The interval of a difference in skill from the paired losses of single test rows: a moderated t.

A cross-validated difference is uncertain for two reasons that must not be treated alike. The test rows are finite: rows
(or units of rows kept together) are independent, and their part of the variance is the clustered variance of the paired
losses (Bayle, Bayle, Janson & Mackey, "Cross-validation confidence intervals for test error", NeurIPS 2020). The fits
differ too: by initialisation, order, stopping and the choice of training rows. What the means of folds vary beyond what
their rows alone would give is the fits' part, but K means tell a variance badly. So their variance B is drawn towards
what is usual, PRIOR_RATIO times the rows' W, with the weight of PRIOR_DF degrees of freedom, as moderated t statistics
do (Smyth, "Linear models and empirical Bayes methods", SAGMB 3, 2004):

    B~ = (PRIOR_DF * PRIOR_RATIO * W + (K - 1) * B) / (PRIOR_DF + K - 1)
    excess = max(0, B~ - W)
    variance of the mean = V + excess * (1 / (K * repeats) + OVERLAP_SHARE * overlap),    PRIOR_DF + K - 1 df

W is the rows' variance of one fold's mean in one repeat. V is the clustered variance of the overall mean, each row's
difference first averaged over all fits that test it: what one fit happens to do on a row averages out, what is the
row's own does not, so further fits bring V down to a floor and rows bring it to zero. All fits train on parts of the same
rows, and what these rows happen to teach does not average out either: the overlap of Nadeau & Bengio (2003), test rows
over training rows, of which a fifth is seen.

Of classes the variance rests on the rows outside the most frequent one. Where there are only k of them, however many rows
there are in all, it is known as badly as from k rows: the degrees of freedom are at most k - 1. The constants come from real tables taken as populations
(``calibration.populations``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.types import FloatArray, IntArray

PRIOR_DF, PRIOR_RATIO = 4.0, 1.5
OVERLAP_SHARE = 0.2
FEWEST_FITS = 3  # of a single split, that show how much fits differ
ENOUGH_FITS = 1.5  # of a row, on average, that show how much fits differ on it


@dataclass(frozen=True, eq=False)
class RowDifferences:
    """Paired differences in skill, joint - other, of single test rows.

    values: (rows, repeats, seeds): (loss of other - loss of joint) / no-skill error; NaN where a label or a fit is
    missing. fold: (rows, repeats), the fold that tests the row, -1 where none does. units: (rows,), equal for rows that
    are kept together. overlap: test rows over training rows, mean over the folds; None: 1 / (K - 1). minority: rows
    outside the most frequent class; None of numbers.
    """

    values: FloatArray
    fold: IntArray
    units: IntArray
    overlap: float | None = None
    minority: int | None = None


@dataclass(frozen=True)
class VarianceEvidence:
    """What the intervals are made of, in skill squared. mean: over fold means.

    rows: variance of the mean that the rows give, their differences averaged over all fits; units: how many are
    independent. single: the same of one repeat, on average. floor: what further fits would bring ``rows`` to; NaN where
    each row was tested once. between: variance of the fold means, averaged over repeats. folds: of a repeat, on
    average, 1 of a single split, whose repeats differ in their fits alone; repeats: that have at least two folds. overlap: test rows over training rows; None: 1 / (folds - 1).
    minority: rows outside the most frequent class; None of numbers, and of older evidence.
    """

    mean: float
    rows: float
    single: float
    floor: float
    units: int
    between: float
    folds: float
    repeats: int
    overlap: float | None = None
    minority: int | None = None


@dataclass(frozen=True)
class StudentT:
    """A Student t: location and scale in skill, degrees of freedom. floor_scale: what further fits would bring the scale
    to, NaN where that is not known."""

    mean: float
    scale: float
    df: float
    floor_scale: float

    @property
    def floor_known(self) -> bool:
        return not math.isnan(self.floor_scale)


def moderated_t(evidence: VarianceEvidence) -> StudentT:
    """What is known about the mean difference."""
    if evidence.folds == 1:
        return _one_split(evidence)
    per_fold = evidence.single * evidence.folds
    df = PRIOR_DF + evidence.folds - 1
    moderated = (PRIOR_DF * PRIOR_RATIO * per_fold + (evidence.folds - 1) * evidence.between) / df
    excess = max(0.0, moderated - per_fold)
    overlap = 1 / (evidence.folds - 1) if evidence.overlap is None else evidence.overlap
    lasting = OVERLAP_SHARE * overlap * excess
    scale = float(np.sqrt(evidence.rows + excess / (evidence.folds * evidence.repeats) + lasting))
    if evidence.minority is not None:
        df = min(df, max(evidence.minority - 1.0, 1.0))
    return StudentT(evidence.mean, scale, df, float(np.sqrt(evidence.floor + lasting)))


def _one_split(evidence: VarianceEvidence) -> StudentT:
    """The same where one set of rows was tested by several fits (Satterthwaite, Biometrics 2, 1946).

    Nothing but the fits differs between the means of the repeats, so no part of their variance is the rows'.
    """
    fits = evidence.between / evidence.repeats
    variance = evidence.rows + fits
    parts = evidence.rows**2 / (evidence.units - 1) + fits**2 / (evidence.repeats - 1)
    df = variance**2 / parts if parts else float(evidence.units - 1)
    if evidence.minority is not None:
        df = min(df, max(evidence.minority - 1.0, 1.0))
    return StudentT(evidence.mean, float(np.sqrt(variance)), df, float(np.sqrt(evidence.floor)))


def variance_evidence(differences: RowDifferences) -> VarianceEvidence | None:
    """The parts of the variance; None with fewer than two folds or two units that have a value, or of a single split
    with fewer than FEWEST_FITS repeats."""
    values, fold, units = differences.values, differences.fold, differences.units
    means = _fold_means(_over_seeds(values), fold)
    between = _between(means)
    residuals = row_residuals(differences)
    independent = len(np.unique(units[~np.isnan(residuals)]))
    if between is None or independent < 2:
        return None
    rows = _clustered_variance(residuals, units)
    by_repeat = [RowDifferences(values[:, r : r + 1], fold[:, r : r + 1], units) for r in range(values.shape[1])]
    return VarianceEvidence(
        mean=float(np.nanmean(means)),
        rows=rows,
        single=_mean_variance(by_repeat),
        floor=_floor(differences, by_repeat, rows),
        units=independent,
        between=between[0],
        folds=between[1],
        repeats=between[2],
        overlap=differences.overlap,
        minority=differences.minority,
    )


def _between(means: FloatArray) -> tuple[float, float, int] | None:
    """(variance of the means, folds of a repeat, repeats), of means (repeats, folds): between the folds of a repeat, or
    between the repeats of a single fold; None where there are too few."""
    if means.shape[1] == 1:
        fits = means[~np.isnan(means)]
        return (float(np.var(fits, ddof=1)), 1.0, len(fits)) if len(fits) >= FEWEST_FITS else None
    repeats = means[(~np.isnan(means)).sum(axis=1) >= 2]
    if not len(repeats):
        return None
    folds = float((~np.isnan(repeats)).sum(axis=1).mean())
    return float(np.nanvar(repeats, axis=1, ddof=1).mean()), folds, len(repeats)


def minority(codes: IntArray) -> int:
    """How many rows, of these class codes, lie outside the most frequent class."""
    return int(len(codes) - np.bincount(codes).max()) if len(codes) else 0


def _mean_variance(parts: Sequence[RowDifferences]) -> float:
    """The rows' variance in each part alone, averaged over those that have one."""
    variances = [_clustered_variance(row_residuals(part), part.units) for part in parts]
    known = [variance for variance in variances if not math.isnan(variance)]
    return float(np.mean(known)) if known else math.nan


def _floor(differences: RowDifferences, by_repeat: Sequence[RowDifferences], rows: float) -> float:
    """A row's difference is its own and what one fit happens to do on it. Averaged over n fits the second part has 1/n of
    its variance: rows = floor + noise / n, and of one fit = floor + noise."""
    counts = (~np.isnan(differences.values)).sum(axis=(1, 2))
    fits = float(counts[counts > 0].mean())
    if fits < ENOUGH_FITS:
        return math.nan
    runs = [
        replace(part, values=part.values[:, :, s : s + 1]) for part in by_repeat for s in range(part.values.shape[2])
    ]
    return max(0.0, (fits * rows - _mean_variance(runs)) / (fits - 1))


def _over_seeds(values: FloatArray) -> FloatArray:
    """(rows, repeats): mean over the seeds that are there; NaN where none is."""
    known = ~np.isnan(values)
    count = known.sum(axis=2)
    total = np.where(known, values, 0.0).sum(axis=2)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _fold_means(rows: FloatArray, fold: IntArray) -> FloatArray:
    """(repeats, folds): mean over the rows of each fold; NaN where nothing is known."""
    folds, repeats = int(fold.max()) + 1, rows.shape[1]
    means = np.full((repeats, folds), np.nan)
    for repeat in range(repeats):
        known = ~np.isnan(rows[:, repeat]) & (fold[:, repeat] >= 0)
        count = np.bincount(fold[known, repeat], minlength=folds)
        total = np.bincount(fold[known, repeat], weights=rows[known, repeat], minlength=folds)
        np.divide(total, count, out=means[repeat], where=count > 0)
    return means


def row_residuals(differences: RowDifferences) -> FloatArray:
    """(rows,): a row's distance from its fold's mean, averaged over seeds and over the repeats that test it; NaN where
    nothing is known of it."""
    rows = _over_seeds(differences.values)
    means = _fold_means(rows, differences.fold)
    own = np.stack([means[repeat, differences.fold[:, repeat]] for repeat in range(rows.shape[1])], axis=1)
    return _over_seeds(np.where(differences.fold >= 0, rows - own, np.nan)[:, None, :])[:, 0]


def _clustered_variance(residuals: FloatArray, units: IntArray) -> float:
    """Variance of the mean from squared sums of residuals over units (Liang & Zeger 1986); NaN with fewer than two."""
    sums, sizes = unit_sums(residuals, units)
    if len(sums) < 2:
        return math.nan
    return float(sums @ sums) / int(sizes.sum()) ** 2 * len(sums) / (len(sums) - 1)


def unit_sums(residuals: FloatArray, units: IntArray) -> tuple[FloatArray, IntArray]:
    """(sum of the known residuals, how many) of each unit that has any."""
    known = ~np.isnan(residuals)
    _, unit = np.unique(units[known], return_inverse=True)
    return np.bincount(unit, weights=residuals[known]).astype(np.float64), np.bincount(unit).astype(np.int64)
