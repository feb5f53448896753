"""Intervals for a difference in skill from the paired losses of single test rows.

A cross-validated difference is uncertain for two reasons that must not be treated alike. The test rows are finite: rows
(or units of rows kept together) are independent, and their part of the variance is the clustered variance of the paired
losses (Bayle, Bayle, Janson & Mackey, "Cross-validation confidence intervals for test error", NeurIPS 2020). The fits
differ too: by initialisation, order, stopping and the choice of training rows. What fold means vary beyond what their
rows alone would give is the fits' part. The degrees of freedom of the sum are Satterthwaite's (Biometrics 2, 1946).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointbench.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RowDifferences:
    """Paired differences in skill, joint - other, of single test rows.

    values: (rows, repeats, seeds): (loss of other - loss of joint) / no-skill error; NaN where a label or a fit is
    missing. fold: (rows, repeats), the fold that tests the row. units: (rows,), equal for rows that are kept together.
    """

    values: FloatArray
    fold: IntArray
    units: IntArray


@dataclass(frozen=True)
class StudentT:
    """A Student t: location and scale in skill, degrees of freedom."""

    mean: float
    scale: float
    df: float


@dataclass(frozen=True)
class Part:
    """One part of the variance of the mean, with the degrees of freedom of its estimate."""

    variance: float
    df: float


def row_interval(differences: RowDifferences) -> StudentT:
    """The rows' part alone: what a new set of test rows would change."""
    return _total(_mean(differences), [_rows_part(differences)])


def row_and_fit_interval(differences: RowDifferences, overlap: float = 0.0) -> StudentT:
    """The rows' part and the fits' part.

    overlap: test rows over training rows of the folds that were made, which adds to the fits' part what overlapping
    training sets hide (Nadeau & Bengio 2003); 0 takes the fits of the folds for independent.
    """
    return _total(_mean(differences), [_rows_part(differences), _fits_part(differences, overlap)])


def _mean(differences: RowDifferences) -> float:
    """The mean over fold means, as skill is averaged."""
    return float(np.nanmean(_fold_means(differences)))


def _fold_means(differences: RowDifferences) -> FloatArray:
    """(repeats, folds): mean over the rows and seeds of each fold; NaN where nothing is known."""
    rows = _over_seeds(differences)
    folds, repeats = int(differences.fold.max()) + 1, rows.shape[1]
    means = np.full((repeats, folds), np.nan)
    for repeat in range(repeats):
        for fold in range(folds):
            values = rows[differences.fold[:, repeat] == fold, repeat]
            values = values[~np.isnan(values)]
            if len(values):
                means[repeat, fold] = values.mean()
    return means


def _over_seeds(differences: RowDifferences) -> FloatArray:
    """(rows, repeats): mean over the seeds that are there."""
    known = ~np.isnan(differences.values)
    total = np.where(known, differences.values, 0.0).sum(axis=2)
    count = known.sum(axis=2)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _residuals(differences: RowDifferences) -> FloatArray:
    """(rows,): mean over repeats of each row's distance from its own fold's mean; NaN where the row has no value."""
    rows = _over_seeds(differences)
    means = _fold_means(differences)
    own = np.stack([means[repeat, differences.fold[:, repeat]] for repeat in range(rows.shape[1])], axis=1)
    known = ~np.isnan(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows - own, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _rows_part(differences: RowDifferences) -> Part:
    """Clustered variance of the mean over rows: squared sums over units (Liang & Zeger 1986)."""
    residuals = _residuals(differences)
    known = ~np.isnan(residuals)
    _, unit = np.unique(differences.units[known], return_inverse=True)
    sums = np.bincount(unit, weights=residuals[known])
    count = len(sums)
    if count < 2:
        return Part(np.inf, 1.0)
    return Part(float(sums @ sums) / known.sum() ** 2 * count / (count - 1), float(count - 1))


def _fits_part(differences: RowDifferences, overlap: float) -> Part:
    """What the means of the folds vary beyond what their rows alone would give."""
    means = _fold_means(differences)
    rows = _over_seeds(differences)
    between, within = [], []
    for repeat, row_means in enumerate(means):
        known = ~np.isnan(row_means)
        if known.sum() < 2:
            continue
        between.append(float(row_means[known].var(ddof=1)))
        for fold in np.flatnonzero(known):
            values = rows[differences.fold[:, repeat] == fold, repeat]
            values = values[~np.isnan(values)]
            if len(values) > 1:
                within.append(float(values.var(ddof=1)) / len(values))
    if not between:
        return Part(np.inf, 1.0)
    folds, repeats = means.shape[1], len(between)
    excess = max(0.0, float(np.mean(between)) - float(np.mean(within or [0.0])))
    return Part(excess * (1 / (folds * repeats) + overlap), float(repeats * (folds - 1)))


def _total(mean: float, parts: list[Part]) -> StudentT:
    """The sum of the parts, with Satterthwaite's degrees of freedom."""
    variance = sum(part.variance for part in parts)
    if variance == 0:
        return StudentT(mean, 0.0, min(part.df for part in parts))
    df = variance**2 / sum(part.variance**2 / part.df for part in parts if part.variance > 0)
    return StudentT(mean, float(np.sqrt(variance)), float(df))
