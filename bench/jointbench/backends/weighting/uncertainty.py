"""Uncertainty weighting: the factors of Kendall's likelihoods, which depend on the kind of output.

Kendall, Gal & Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR 2018, equations 5 to 10.
"""

from __future__ import annotations

import numpy as np

from jointbench.backends.base import Job
from jointbench.types import FloatArray


def precision_factors(job: Job) -> FloatArray:
    """(outputs,): Kendall's total is sum of factor x exp(-s) x loss + s / 2 with s = log variance.

    The factor is 1/2 for a Gaussian likelihood (regression) and 1 for a softmax with a temperature. Other regression
    losses belong to other likelihoods, which have another total; a job with one raises ValueError.
    """
    job.require_squared_loss("uncertainty weighting")
    return np.array([0.5 if kind == "regression" else 1.0 for kind in job.architecture.kinds])
