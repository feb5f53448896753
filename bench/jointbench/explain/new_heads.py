"""Networks with a new head on a trunk that was trained for another output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jointbench.backends.base import Job
from jointbench.explain.trained_networks import TrainedNetwork
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import forward_flops
from jointbench.networks.layers import Layer
from jointbench.types import Float32Array, Weights


def frozen_trunk_job(target: Job, activations: Float32Array, source: TrainedNetwork) -> Job:
    """The target's job with the source's trunk frozen under it: a network of the head alone.

    activations: the source trunk's, of all rows. Nothing below the head moves, so that every step is the same as with
    the whole network and the trunk's gradients off.
    """
    layers = tuple(replace(layer, reads_input=i == 0) for i, layer in enumerate(target.architecture.heads[0]))
    network = replace(target.architecture, input_shape=(activations.shape[1],), convs=(), trunk=(), heads=(layers,))
    initial = _weights_of(layers, target.initial)
    return replace(target, architecture=network, features=activations, initial=initial, seed=source.job.seed)


def fine_tuning_job(target: Job, source: TrainedNetwork) -> Job:
    """The target's job, starting from the source's trained trunk and the target's own head."""
    trunk = (*target.architecture.convs, *target.architecture.trunk)
    return replace(target, initial={**target.initial, **_weights_of(trunk, source.trained.weights)})


def both_heads(source: TrainedNetwork, trunk: Weights, head: Weights) -> tuple[Architecture, Weights]:
    """One network with the given trunk, the source's own head and another head.

    head: of a network with one output; it has the source's widths up to the last layer, which has its own output's.
    """
    network = source.job.architecture
    second = [replace(layer, name=_second_head(layer.name), head=1) for layer in network.heads[0]]
    second[-1] = replace(second[-1], units=head[f"{network.heads[0][-1].name}/bias"].shape[0])
    second_weights = {_second_head(name): array for name, array in head.items() if name.startswith("head_0")}
    combined = replace(network, heads=(network.heads[0], tuple(second)), kinds=(network.kinds[0], "regression"))
    return combined, {
        **_weights_of((*network.convs, *network.trunk), trunk),
        **_weights_of(network.heads[0], source.trained.weights),
        **second_weights,
    }


def _second_head(name: str) -> str:
    return name.replace("head_0", "head_1")


def _weights_of(layers: Sequence[Layer], weights: Weights) -> Weights:
    return {f"{layer.name}/{part}": weights[f"{layer.name}/{part}"] for layer in layers for part in ("kernel", "bias")}


def frozen_train_flops_per_row(network: Architecture) -> int:
    """FLOPs of one row in one step with the trunk frozen: the trunk forward only, and no gradient into it."""
    trunk = sum(forward_flops(layer) for layer in (*network.convs, *network.trunk))
    (head,) = network.heads
    return trunk + sum(forward_flops(layer) * (2 if i == 0 else 3) for i, layer in enumerate(head))
