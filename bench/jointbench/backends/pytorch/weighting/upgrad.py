"""UPGrad (unconflicting projection of gradients) in PyTorch, by TorchJD.

Each output's trunk gradient is projected onto the cone of directions that raise no output's loss, by a quadratic program;
the trunk descends the sum of the projections. Without conflict that is the plain sum, as with PCGrad.
Quinton & Rey, "Jacobian Descent for Multi-Objective Optimization", 2024. The preference is 1 for each output.

Limits: a step solves a quadratic program for each output on the processor and goes back through the trunk as often.
"""

from __future__ import annotations

import torch

from jointbench.backends.pytorch.weighting.trunk_gradients import GramWeights


def upgrad(losses: torch.Tensor) -> GramWeights:
    """losses: (outputs,), of the type and device of the gradients."""
    from torchjd.aggregation import UPGradWeighting

    weights: GramWeights = UPGradWeighting(pref_vector=torch.ones_like(losses))
    return weights
