"""Multiple gradient descent (MGDA) in PyTorch, by TorchJD.

The trunk descends the shortest vector in the convex hull of the outputs' trunk gradients, found by Frank-Wolfe steps; no
output rises along it to first order. Desideri 2012; Sener & Koltun, "Multi-Task Learning as Multi-Objective
Optimization", NeurIPS 2018. No parameters.

Limits: weights add up to 1, so steps are shorter than those of a plain sum, and an output of small gradients rules; a step
costs a pass back through the trunk for each output.
"""

from __future__ import annotations

import torch

from jointbench.backends.pytorch.weighting.trunk_gradients import GramWeights


def mgda(losses: torch.Tensor) -> GramWeights:
    """losses: (outputs,), of the type and device of the gradients."""
    from torchjd.aggregation import MGDAWeighting

    weights: GramWeights = MGDAWeighting()
    return weights
