"""Training and inference FLOPs in closed form.

Counted: the matrix products and convolutions, 1 multiply-add = 2 FLOPs. Not counted: elementwise work
(activations, normalisation, dropout, residual sums, losses), the optimiser and validation passes. The tests compare these numbers with
`torch.utils.flop_counter` and with TensorFlow's per-operation statistics. The optimiser's work is elementwise, which
neither counter counts; ``update_flops`` estimates it from the update's formula, and ``elementwise_flops`` that of
normalisation, dropout and residual sums.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer, hidden_layers, trunk_layers
from jointbench.networks.loss_weighting import method
from jointbench.records import FlopsPerRow
from jointbench.types import Recipe, Shape, Weighting

# Additions, multiplications, divisions and roots of one parameter's update, each one FLOP.
# SGD: w - a g. Adam with the bias corrections in the step size (Kingma & Ba 2015, end of section 2):
# m = b1 m + c1 g (3), v = b2 v + c2 g g (4), w - a m / (sqrt(v) + e) (5).
UPDATE_FLOPS = {"sgd": 2, "adam": 12, "adamw": 12}
# Of one unit in one row, forward and backward, as the formulas have them; a row's own few operations are left out.
# y = (x - mean) / deviation * scale + shift: sum 1, difference 1, square and sum 2, quotient, product and sum 3; backward
# the gradients of shift and scale 3, of the quotient 1, its two means 3, and (g - m1 - n m2) / deviation 4.
NORM_FLOPS = 7 + 11
DROP_FLOPS = 1 + 1  # times the mask
ADD_FLOPS = 1 + 1  # the sum of stream and branch, and of their gradients
DECAY_FLOPS = 1  # decoupled weight decay: w times a constant


def forward_flops(layer: Layer) -> int:
    """FLOPs of one row through one layer: 2 x kernel size x positions, 0 of a normalisation, which is elementwise."""
    if layer.kind == "norm":
        return 0
    return 2 * layer.positions * math.prod(layer.kernel_shape)


def backward_flops(layer: Layer) -> int:
    """FLOPs of one row's gradients in one layer.

    The kernel's gradient and the input's cost one forward pass each; a layer that reads the data needs no input
    gradient, so training costs less than three times the forward pass.
    """
    return forward_flops(layer) * (1 if layer.reads_input else 2)


def flops_per_row(networks: Sequence[Architecture], weighting: Weighting = "") -> FlopsPerRow:
    """FLOPs of one row in one optimisation step, summed over an arm's networks, by part and direction.

    A layer of the trunk serves every head of its network; convolutions are part of the trunk. A user's own trunk has
    those that its framework counted; all are 0 where its counter did not. weighting: the method that weighs losses; some
    go back through the trunk once for each output, or forward twice.
    """
    if uncounted_reason(networks):
        return FlopsPerRow(0, 0, 0, 0)
    of_each = [_network_flops(network, weighting) for network in networks]
    return FlopsPerRow(
        sum(flops.trunk_forward for flops in of_each),
        sum(flops.trunk_backward for flops in of_each),
        sum(flops.heads_forward for flops in of_each),
        sum(flops.heads_backward for flops in of_each),
    )


def _network_flops(network: Architecture, weighting: Weighting) -> FlopsPerRow:
    trunk, heads = ([layer for layer in network.layers if (layer.head is None) == shared] for shared in (True, False))
    forward, backward = sum(map(forward_flops, trunk)), sum(map(backward_flops, trunk))
    if network.own_trunk is not None:
        forward += network.own_trunk.sizes.forward_flops
        backward += network.own_trunk.sizes.backward_flops
    outputs = len(network.heads)
    known = method(weighting, outputs)
    return FlopsPerRow(
        known.forwards * forward,
        (outputs if known.backward_per_output else 1) * backward,
        known.forwards * sum(map(forward_flops, heads)),
        sum(map(backward_flops, heads)),
    )


def train_flops_per_row(networks: Sequence[Architecture], weighting: Weighting = "") -> int:
    """FLOPs of one row in one optimisation step, forward and backward, summed over an arm's networks."""
    flops = flops_per_row(networks, weighting)
    return flops.trunk_forward + flops.trunk_backward + flops.heads_forward + flops.heads_backward


def weighting_flops(networks: Sequence[Architecture], weighting: Weighting) -> int:
    """FLOPs of one optimisation step whatever its rows: a method's own products, 0 with fixed weights.

    With n outputs and p parameters of the trunk: the inner products of n gradients (2 n n p), and their weighted sum
    (2 n p). What it computes from the n x n products is not counted, as nothing elementwise is.
    """
    if uncounted_reason(networks):
        return 0
    flops = 0
    for network in networks:
        outputs = len(network.heads)
        if method(weighting, outputs).backward_per_output:
            flops += 2 * outputs * (outputs + 1) * _trunk_parameters(network)
    return flops


def gradient_products_flops(network: Architecture, rows: int) -> int:
    """FLOPs of the inner products of the outputs' trunk gradients on so many rows: forward once, back through the trunk
    once for each output, and the products."""
    flops, outputs = flops_per_row([network]), len(network.heads)
    per_row = flops.trunk_forward + flops.heads_forward + outputs * flops.trunk_backward + flops.heads_backward
    return rows * per_row + 2 * outputs**2 * _trunk_parameters(network) if per_row else 0


def _trunk_parameters(network: Architecture) -> int:
    return network.parameters - sum(layer.parameters for layer in network.layers if layer.head is not None)


def inference_flops_per_row(networks: Sequence[Architecture]) -> int:
    """FLOPs of predicting all outputs of one row, summed over an arm's networks."""
    flops = flops_per_row(networks)
    return flops.trunk_forward + flops.heads_forward


def elementwise_flops(shape: Shape, outputs: int) -> int:
    """FLOPs of normalisation, dropout and residual sums for one row in one step of a network, estimated by formula."""
    trunk = () if shape.own_trunk else trunk_layers(shape, 1, reads_input=False)
    layers = (*trunk, *hidden_layers("head", shape.head, 1, shape, reads_input=False) * outputs)
    return sum(
        layer.units
        * (NORM_FLOPS * (layer.kind == "norm") + DROP_FLOPS * layer.drops + ADD_FLOPS * ("add" in layer.then))
        for layer in layers
    )


def uncounted_reason(networks: Iterable[Architecture]) -> str:
    """Why a user's own trunk has no count of FLOPs; "" where all have one."""
    return next((n.own_trunk.sizes.uncounted for n in networks if n.own_trunk and n.own_trunk.sizes.uncounted), "")


def update_flops(recipe: Recipe) -> int:
    """FLOPs of the optimiser for one parameter in one step, estimated from the update's formula."""
    decays = recipe.weight_decay > 0 and recipe.optimizer != "adam"
    return UPDATE_FLOPS[recipe.optimizer] + (DECAY_FLOPS if decays else 0)
