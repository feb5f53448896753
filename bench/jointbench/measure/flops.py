"""Training and inference FLOPs in closed form.

Counted: the matrix products and convolutions, 1 multiply-add = 2 FLOPs. Not counted: elementwise work
(activations, losses), the optimiser and validation passes. The tests hold these numbers equal to
`torch.utils.flop_counter` and to TensorFlow's per-operation statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from jointbench.architecture import Architecture, Layer


def forward_flops(layer: Layer) -> int:
    """FLOPs of one row through one layer: 2 x kernel size x positions."""
    return 2 * layer.positions * math.prod(layer.kernel_shape)


def training_flops(layer: Layer) -> int:
    """FLOPs of one row through one layer, forward and backward.

    Backward is two products of the forward's size, the kernel's gradient and the input's; a layer that
    reads the data needs no input gradient, so training is not simply three times the forward pass.
    """
    return forward_flops(layer) * (2 if layer.reads_input else 3)


def train_flops_per_row(networks: Iterable[Architecture]) -> int:
    """FLOPs of one row in one optimisation step, summed over an arm's networks."""
    return sum(training_flops(layer) for network in networks for layer in network.layers)


def inference_flops_per_row(networks: Iterable[Architecture]) -> int:
    """FLOPs of predicting all outputs of one row, summed over an arm's networks."""
    return sum(forward_flops(layer) for network in networks for layer in network.layers)
