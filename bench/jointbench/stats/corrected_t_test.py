"""p-values: the corrected resampled t-test, and Holm's correction for several outputs.

Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52 (2003): the variance of the mean over
resamples is estimated as (1/n + n_test/n_train) * s^2; in K-fold cross-validation n_test/n_train = 1/(K - 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import special

from jointbench.stats.correlated_t_test import mean_and_sd, paired_differences, posterior_scale, t_ratio
from jointbench.types import FloatArray


@dataclass(frozen=True)
class TTest:
    """A two-sided t-test of "the mean difference is 0": statistic (positive: joint is better), df and p-value."""

    statistic: float
    df: int
    p_value: float


def corrected_t_test(differences: npt.ArrayLike, *, folds: int | None = None) -> TTest:
    """Nadeau and Bengio's corrected resampled t-test on paired differences in skill (joint - other).

    ``differences``: (repeats, folds), or flat with ``folds`` given. Raises ValueError as ``correlated_t_test`` does.
    All differences equal: p is 0, or 1 if they are all 0.
    """
    flat, k = paired_differences(differences, folds)
    mean, sd = mean_and_sd(flat)
    scale, df = posterior_scale(sd, flat.size, k), flat.size - 1
    return TTest(float(t_ratio(mean, scale)), df, float(two_sided_p(mean, scale, df)))


def two_sided_p(mean: npt.ArrayLike, scale: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """P(|T| >= |mean| / scale) for a Student t, broadcast; with scale 0: 0, or 1 for mean 0."""
    return cast(FloatArray, 2.0 * special.stdtr(df, -np.abs(t_ratio(mean, scale))))


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Adjusted p-values that control the chance of any false rejection among them, in the order given.

    ``p_values``: (tests, ...), each column of the further axes is corrected on its own.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979): the
    i-th smallest of m is multiplied by m - i + 1, never falls below one before it, and is at most 1.
    Raises ValueError if a value is not a probability, or for a single number.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim == 0 or not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError("p_values must be an array of numbers between 0 and 1")
    order = np.argsort(p, axis=0, kind="stable")
    remaining = np.arange(len(p), 0, -1).reshape(-1, *(1,) * (p.ndim - 1))
    multiplied = np.maximum.accumulate(np.take_along_axis(p, order, axis=0) * remaining, axis=0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(multiplied, 1.0), axis=0)
    return adjusted
