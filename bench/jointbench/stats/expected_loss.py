"""What a choice is expected to cost where a difference is only believed: the mean of the loss that may be."""

from __future__ import annotations

import numpy as np
from scipy import stats


def expected_shortfall(mean: float, scale: float, df: float, level: float = 0.0) -> float:
    """E[max(0, level - d)] for d Student t at ``mean`` with ``scale`` and ``df`` degrees of freedom.

    With c = (mean - level) / scale and f, F the density and distribution function of Student's t:
    scale * ((df + c^2) / (df - 1) * f(c) - c * (1 - F(c))). NaN for df <= 1, whose mean loss is not finite. scale 0 is
    a point mass.
    """
    if scale == 0:
        return max(0.0, level - mean)
    if not df > 1:
        return float("nan")
    c = (mean - level) / scale
    value = scale * ((df + c * c) / (df - 1) * stats.t.pdf(c, df) - c * stats.t.sf(c, df))
    return float(np.maximum(value, 0.0))
