"""Linear centred kernel alignment: how similar two layers' activations of the same rows are, in any basis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointbench.types import FloatArray

MIN_ROWS = 4  # the unbiased estimator does not exist for fewer


def gram(activations: npt.NDArray[np.floating]) -> FloatArray:
    """The linear kernel's matrix, (rows, rows), with a zero diagonal. activations: (rows, units).

    Columns are centred and scaled to a common size first: neither changes CKA, and both keep rounding errors small.
    """
    values = activations.astype(np.float64)
    values = values - values.mean(axis=0)
    size = np.sqrt((values**2).mean())
    if size > 0:
        values = values / size
    kernel: FloatArray = values @ values.T
    np.fill_diagonal(kernel, 0.0)
    return kernel


def unbiased_hsic(first: FloatArray, second: FloatArray) -> float:
    """Unbiased Hilbert-Schmidt independence criterion of two kernel matrices with zero diagonals, (rows, rows) each.

    HSIC_1 of Song et al., "Feature selection via dependence maximization", JMLR 13 (2012), equation 5. Its expectation
    is 0 for independent rows, however many units there are. Raises ValueError for fewer than MIN_ROWS rows.
    """
    n = len(first)
    if n < MIN_ROWS:
        raise ValueError(f"the unbiased estimator needs {MIN_ROWS} rows, not {n}")
    sums, other_sums = first.sum(axis=1), second.sum(axis=1)
    trace = (first * second).sum()
    total = trace + sums.sum() * other_sums.sum() / ((n - 1) * (n - 2)) - 2 * (sums @ other_sums) / (n - 2)
    return float(total / (n * (n - 3)))


def alignment(first: FloatArray, second: FloatArray) -> float:
    """CKA of two kernel matrices from ``gram``; NaN where a layer is constant over the rows.

    1 for representations equal up to rotation and scale, about 0 for unrelated ones. Kornblith et al. (2019), with the
    unbiased estimator as in Nguyen et al. (2021).
    """
    own = unbiased_hsic(first, first) * unbiased_hsic(second, second)
    return unbiased_hsic(first, second) / float(np.sqrt(own)) if own > 0 else float("nan")
