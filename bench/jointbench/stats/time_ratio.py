"""A ratio of times with its interval."""

from __future__ import annotations

import numpy as np

from jointbench.measure.paired_timing import ratio_interval
from jointbench.stats.estimate import Estimate
from jointbench.types import FloatArray


def time_ratio(log_ratios: FloatArray) -> Estimate:
    """The ratio and its 95 % interval from its logarithms over blocks, (blocks,).

    Source: ``measure.paired_timing.ratio_interval``.
    """
    return Estimate(*(float(np.exp(value)) for value in ratio_interval(log_ratios)))
