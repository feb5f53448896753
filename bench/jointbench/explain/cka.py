"""Linear centred kernel alignment: how alike two layers' activations of the same rows are, whatever their bases."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointbench.types import FloatArray

MIN_ROWS = 4  # fewer, and the unbiased estimator does not exist


def gram(activations: npt.NDArray[np.floating]) -> FloatArray:
    """The linear kernel's matrix, (rows, rows), with a zero diagonal. activations: (rows, units).

    Columns are centred and scaled to a common size first: neither changes CKA, and both keep rounding small.
    """
    values = activations.astype(np.float64)
    values = values - values.mean(axis=0)
    size = np.sqrt((values**2).mean())
    if size > 0:
        values = values / size
    kernel: FloatArray = values @ values.T
    np.fill_diagonal(kernel, 0.0)
    return kernel


def unbiased_hsic(one: FloatArray, two: FloatArray) -> float:
    """HSIC_1 of Song et al., "Feature selection via dependence maximization", JMLR 13 (2012), equation 5, from two kernel
    matrices with zero diagonals. Its expectation is 0 for independent rows, however many units there are.

    Raises ValueError for fewer than MIN_ROWS rows.
    """
    n = len(one)
    if n < MIN_ROWS:
        raise ValueError(f"the unbiased estimator needs {MIN_ROWS} rows, not {n}")
    first, second = one.sum(axis=1), two.sum(axis=1)
    together = (one * two).sum() + first.sum() * second.sum() / ((n - 1) * (n - 2)) - 2 * (first @ second) / (n - 2)
    return float(together / (n * (n - 3)))


def alignment(one: FloatArray, two: FloatArray) -> float:
    """CKA of two kernel matrices from ``gram``: 1 for the same representation up to rotation and scale, about 0 for
    unrelated ones; NaN where a layer is constant over the rows (Kornblith et al. 2019; unbiased as in Nguyen et al. 2021).
    """
    own = unbiased_hsic(one, one) * unbiased_hsic(two, two)
    return unbiased_hsic(one, two) / float(np.sqrt(own)) if own > 0 else float("nan")


def linear_cka(one: npt.NDArray[np.floating], two: npt.NDArray[np.floating]) -> float:
    """CKA of two layers' activations of the same rows, (rows, units) each."""
    return alignment(gram(one), gram(two))
