"""Which outputs use the same part of the shared layers: a cheap screen for the pairs that are worth training.

After Fifty et al. 2021 (TAG), "Efficiently Identifying Task Groupings for Multi-Task Learning": what a step on one
output's loss does to another's. To first order that is the product of their trunk gradients over the loss, so that a few
products in one joint training stand for the training of every pair. Two things differ here. The size is taken without
its sign: once a network has learned, the sign of a product is that of the batch's noise, and only its size says that
both losses depend on the same units. And it is looked at where the network is best, not on the way there: at first all
outputs pull at units that are nobody's yet.
"""

from __future__ import annotations

import numpy as np

from jointbench.types import FloatArray

STEPS = 16  # whose batches are looked at, from the weights of the best epoch on


def overlaps(products: FloatArray) -> FloatArray:
    """(outputs, outputs): the mean size of the cosine of two outputs' trunk gradients; NaN where no step has both.

    products: (steps, outputs, outputs), their inner products.
    """
    norms = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    lengths = norms[:, :, None] * norms[:, None, :]
    known = np.isfinite(products) & (lengths > 0) & np.isfinite(lengths)
    cosines = np.divide(np.abs(products), lengths, out=np.zeros(products.shape), where=known)
    counts = known.sum(axis=0)
    return np.asarray(np.divide(cosines.sum(axis=0), counts, out=np.full(counts.shape, np.nan), where=counts > 0))
