"""PCGrad in PyTorch, by TorchJD.

Of the outputs' trunk gradients g, each that points against another is projected onto the other's normal plane, the others
in random order (drawn from the network's seed); the trunk descends their sum. Without conflict that is the plain sum.
Yu, Kumar, Gupta, Levine, Hausman & Finn, "Gradient Surgery for Multi-Task Learning", NeurIPS 2020. No parameters.

Limits: a step costs a pass back through the trunk for each output; the order makes runs depend on the seed a little more.
"""

from __future__ import annotations

import torch

from jointbench.backends.pytorch.weighting.trunk_gradients import GramWeights


def pcgrad(losses: torch.Tensor) -> GramWeights:
    """losses: (outputs,), of the type and device of the gradients."""
    from torchjd.aggregation import PCGradWeighting

    weights: GramWeights = PCGradWeighting()
    return weights
