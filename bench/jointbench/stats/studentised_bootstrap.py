"""The studentised bootstrap of a mean paired difference, over units of rows: how far from a Student t its tails are.

Units are resampled with replacement; each resample gives (its mean - the mean) / its own standard error (Efron &
Tibshirani, "An Introduction to the Bootstrap", 1993, section 12.5). Skewed losses give quantiles that are not +-1.96.
"""

from __future__ import annotations

import numpy as np

from jointbench.stats.row_level import RowDifferences, row_residuals, unit_sums

RESAMPLES = 999
TAILS = (0.025, 0.975)


def bootstrap_quantiles(differences: RowDifferences, seed: int) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of the studentised mean; (NaN, NaN) with fewer than two units that have a value."""
    sums, sizes = unit_sums(row_residuals(differences), differences.units)
    count = len(sums)
    if count < 2 or not np.any(sums):
        return float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    totals = drawn @ sizes
    means = drawn @ sums / totals
    squares = drawn @ sums**2 - 2 * means * (drawn @ (sums * sizes)) + means**2 * (drawn @ sizes**2)
    errors = np.sqrt(np.maximum(squares, 0.0)) / totals
    low, high = np.quantile(means[errors > 0] / errors[errors > 0], TAILS)
    return float(low), float(high)
