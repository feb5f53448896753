"""Training and inference FLOPs in closed form.

Counted: the matrix products and convolutions, 1 multiply-add = 2 FLOPs. Not counted: elementwise work
(activations, normalisation, dropout, residual sums, losses), the optimiser and validation passes. The tests compare these numbers with
`torch.utils.flop_counter` and with TensorFlow's per-operation statistics. The optimiser's work is elementwise, which
neither counter counts; ``update_flops`` estimates it from the update's formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer
from jointbench.records import FlopsPerRow
from jointbench.types import Recipe

# Additions, multiplications, divisions and roots of one parameter's update, each one FLOP.
# SGD: w - a g. Adam with the bias corrections in the step size (Kingma & Ba 2015, end of section 2):
# m = b1 m + c1 g (3), v = b2 v + c2 g g (4), w - a m / (sqrt(v) + e) (5).
UPDATE_FLOPS = {"sgd": 2, "adam": 12, "adamw": 12}
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


def flops_per_row(networks: Sequence[Architecture]) -> FlopsPerRow:
    """FLOPs of one row in one optimisation step, summed over an arm's networks, by part and direction.

    A layer of the trunk serves every head of its network; convolutions are part of the trunk. A user's own trunk has
    those that its framework counted; all are 0 where its counter did not.
    """
    if uncounted_reason(networks):
        return FlopsPerRow(0, 0, 0, 0)
    layers = [layer for network in networks for layer in network.layers]
    trunk, heads = ([layer for layer in layers if (layer.head is None) == shared] for shared in (True, False))
    own = [network.own_trunk.sizes for network in networks if network.own_trunk]
    return FlopsPerRow(
        sum(map(forward_flops, trunk)) + sum(sizes.forward_flops for sizes in own),
        sum(map(backward_flops, trunk)) + sum(sizes.backward_flops for sizes in own),
        sum(map(forward_flops, heads)),
        sum(map(backward_flops, heads)),
    )


def train_flops_per_row(networks: Sequence[Architecture]) -> int:
    """FLOPs of one row in one optimisation step, forward and backward, summed over an arm's networks."""
    flops = flops_per_row(networks)
    return flops.trunk_forward + flops.trunk_backward + flops.heads_forward + flops.heads_backward


def inference_flops_per_row(networks: Sequence[Architecture]) -> int:
    """FLOPs of predicting all outputs of one row, summed over an arm's networks."""
    flops = flops_per_row(networks)
    return flops.trunk_forward + flops.heads_forward


def uncounted_reason(networks: Iterable[Architecture]) -> str:
    """Why a user's own trunk has no count of FLOPs; "" where all have one."""
    return next((n.own_trunk.sizes.uncounted for n in networks if n.own_trunk and n.own_trunk.sizes.uncounted), "")


def update_flops(recipe: Recipe) -> int:
    """FLOPs of the optimiser for one parameter in one step, estimated from the update's formula."""
    decays = recipe.weight_decay > 0 and recipe.optimizer != "adam"
    return UPDATE_FLOPS[recipe.optimizer] + (DECAY_FLOPS if decays else 0)
