"""The interval of a difference in skill from the paired losses of single test rows: a moderated t.

A cross-validated difference is uncertain for two reasons that must not be treated alike. The test rows are finite: rows
(or units of rows kept together) are independent, and their part of the variance is the clustered variance of the paired
losses (Bayle, Bayle, Janson & Mackey, "Cross-validation confidence intervals for test error", NeurIPS 2020). The fits
differ too: by initialisation, order, stopping and the choice of training rows. What the means of folds vary beyond what
their rows alone would give is the fits' part, but K means tell a variance badly. So their variance B is drawn towards
what is usual, PRIOR_RATIO times the rows' W, with the weight of PRIOR_DF degrees of freedom, as moderated t statistics
do (Smyth, "Linear models and empirical Bayes methods", SAGMB 3, 2004):

    B~ = (PRIOR_DF * PRIOR_RATIO * W + (K - 1) * B) / (PRIOR_DF + K - 1)
    variance of the mean = W / K + max(0, B~ - W) / (K * repeats),    PRIOR_DF + K - 1 degrees of freedom

Repeats and seeds shrink the fits' part; nothing but rows shrinks the rows' part. Both constants come from real tables
taken as populations (``calibration.populations``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointbench.types import FloatArray, IntArray

PRIOR_DF, PRIOR_RATIO = 8.0, 1.5


@dataclass(frozen=True, eq=False)
class RowDifferences:
    """Paired differences in skill, joint - other, of single test rows.

    values: (rows, repeats, seeds): (loss of other - loss of joint) / no-skill error; NaN where a label or a fit is
    missing. fold: (rows, repeats), the fold that tests the row, -1 where none does. units: (rows,), equal for rows that
    are kept together.
    """

    values: FloatArray
    fold: IntArray
    units: IntArray


@dataclass(frozen=True)
class VarianceEvidence:
    """What the intervals are made of, in skill squared. mean: over fold means.

    rows: variance of the mean that the rows alone give; units: how many are independent. between: variance of the fold
    means, averaged over repeats. folds: of a repeat, on average; repeats: that have at least two folds.
    """

    mean: float
    rows: float
    units: int
    between: float
    folds: float
    repeats: int


@dataclass(frozen=True)
class StudentT:
    """A Student t: location and scale in skill, degrees of freedom. rows_scale: the rows' part of the scale alone."""

    mean: float
    scale: float
    df: float
    rows_scale: float


def moderated_t(evidence: VarianceEvidence) -> StudentT:
    """What is known about the mean difference."""
    per_fold = evidence.rows * evidence.folds
    df = PRIOR_DF + evidence.folds - 1
    moderated = (PRIOR_DF * PRIOR_RATIO * per_fold + (evidence.folds - 1) * evidence.between) / df
    excess = max(0.0, moderated - per_fold)
    variance = evidence.rows + excess / (evidence.folds * evidence.repeats)
    return StudentT(evidence.mean, float(np.sqrt(variance)), df, float(np.sqrt(evidence.rows)))


def variance_evidence(differences: RowDifferences) -> VarianceEvidence | None:
    """The parts of the variance; None with fewer than two folds or two units that have a value."""
    rows = _over_seeds(differences.values)
    means = _fold_means(rows, differences.fold)
    repeats = means[(~np.isnan(means)).sum(axis=1) >= 2]
    variance, units = _rows_variance(rows, means, differences)
    if not len(repeats) or units < 2:
        return None
    return VarianceEvidence(
        mean=float(np.nanmean(means)),
        rows=variance,
        units=units,
        between=float(np.nanvar(repeats, axis=1, ddof=1).mean()),
        folds=float((~np.isnan(repeats)).sum(axis=1).mean()),
        repeats=len(repeats),
    )


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


def _rows_variance(rows: FloatArray, means: FloatArray, differences: RowDifferences) -> tuple[float, int]:
    """(variance of the mean that the rows alone give, units): squared sums of residuals over units (Liang & Zeger 1986).

    A row's residual is its distance from its fold's mean, averaged over the repeats that test it.
    """
    own = np.stack([means[repeat, differences.fold[:, repeat]] for repeat in range(rows.shape[1])], axis=1)
    residuals = _over_seeds(np.where(differences.fold >= 0, rows - own, np.nan)[:, None, :])[:, 0]
    known = ~np.isnan(residuals)
    _, unit = np.unique(differences.units[known], return_inverse=True)
    sums = np.bincount(unit, weights=residuals[known])
    if len(sums) < 2:
        return 0.0, len(sums)
    return float(sums @ sums) / int(known.sum()) ** 2 * len(sums) / (len(sums) - 1), len(sums)
