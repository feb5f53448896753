"""Dynamic weight average (DWA): the weights of an epoch, from the losses of the two before it.

Liu, Johns & Davison, "End-to-End Multi-Task Learning with Attention", CVPR 2019, equation 7.
"""

from __future__ import annotations

import numpy as np

from jointbench.types import FloatArray

TEMPERATURE = 2.0  # as its authors have it
UNWEIGHED = 2  # epochs before there are two to compare


def dynamic_weights(losses: FloatArray, temperature: float = TEMPERATURE) -> FloatArray:
    """(outputs,): dynamic weight average from the training losses of the epochs before, (epochs, outputs).

    outputs x softmax(r / temperature) with r = last loss / the one before it; 1 for each in the first two epochs. A loss
    weight that stays changes no r, so weighted and unweighted losses give the same.
    """
    count = losses.shape[1]
    if len(losses) < UNWEIGHED:
        return np.ones(count)
    rates = losses[-1] / np.where(losses[-2] > 0, losses[-2], 1.0) / temperature
    powers = np.exp(rates - rates.max())
    result: FloatArray = count * powers / powers.sum()
    return result
