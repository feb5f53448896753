"""An arm's networks fused for serving: their weights stacked on a leading axis, in numpy.

Networks that differ only in the units of their answers form a group. A backend runs each layer of a group once for all
of its networks. Each network's answers stay what they are alone, up to float32 rounding.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.own_trunk import named_own_weights, own_weights
from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer
from jointbench.types import Float32Array, Weights

StackedLayer = tuple[Float32Array, Float32Array]
"""Kernels (networks, in, out) or (networks, 3, 3, in, out), or scales (networks, units), and biases (networks, out)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Group:
    """Networks of one shape, their weights stacked.

    members: each network's index in the arm. units: the number of each network's answers, over all its heads. dense:
    the trunk's and the heads' hidden layers by name. heads: per head its hidden layers and its last kernel, (networks, hidden units, answers). A head's last kernel is 0 in the
    columns of other heads and of padding, so that the heads' answers are added up. If no head has hidden layers, all
    are joined to one. bias: (networks, answers).
    """

    architecture: Architecture
    members: tuple[int, ...]
    units: tuple[int, ...]
    convs: tuple[StackedLayer, ...]
    dense: dict[str, StackedLayer]
    heads: tuple[tuple[tuple[Layer, ...], Float32Array], ...]
    bias: Float32Array


def not_rebuilt_reason(networks: Sequence[tuple[Architecture, Weights]]) -> str | None:
    """Why no other program can be built from these networks' layers; None where one can."""
    own = any(network.own_trunk is not None for network, _ in networks)
    return "a trunk of your own runs only as its framework built it" if own else None


def group_networks(networks: Sequence[tuple[Architecture, Weights]]) -> list[Group]:
    """The networks, grouped by their shape without the units of their answers."""
    return [_group(members, [networks[index] for index in members]) for members in _members(networks)]


def group_count(networks: Sequence[tuple[Architecture, Weights]]) -> int:
    """How many programs the networks are once they are fused."""
    return len(_members(networks))


def _members(networks: Sequence[tuple[Architecture, Weights]]) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for index, (network, _) in enumerate(networks):
        hidden_heads = tuple(head[:-1] for head in network.heads)
        key = (network.input_shape, network.convs, network.trunk, hidden_heads, network.activation)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _group(members: Sequence[int], networks: Sequence[tuple[Architecture, Weights]]) -> Group:
    first = networks[0][0]

    def stacked(name: str) -> StackedLayer:
        kernels, biases = (
            np.stack([weights[f"{name}/{part}"] for _, weights in networks]) for part in ("kernel", "bias")
        )
        return kernels.astype(np.float32), biases.astype(np.float32)

    units = [sum(head[-1].units for head in network.heads) for network, _ in networks]
    bias = np.zeros((len(networks), max(units)), np.float32)
    kernels = [np.zeros((len(networks), head[-1].inputs, max(units)), np.float32) for head in first.heads]
    for row, (network, weights) in enumerate(networks):
        start = 0
        for kernel, head in zip(kernels, network.heads, strict=True):
            columns = slice(start, start + head[-1].units)
            kernel[row, :, columns] = weights[f"{head[-1].name}/kernel"]
            bias[row, columns] = weights[f"{head[-1].name}/bias"]
            start = columns.stop
    hidden = [head[:-1] for head in first.heads]
    if not any(hidden):  # all heads read the trunk, and each has its own columns: their sum is one kernel
        hidden, kernels = [()], [np.sum(np.stack(kernels), axis=0, dtype=np.float32)]
    return Group(
        architecture=first,
        members=tuple(members),
        units=tuple(units),
        convs=tuple(stacked(layer.name) for layer in first.convs),
        dense={layer.name: stacked(layer.name) for layer in (*first.trunk, *itertools.chain(*hidden))},
        heads=tuple(zip(hidden, kernels, strict=True)),
        bias=bias,
    )


def split_answers(groups: Sequence[Group], answers: Sequence[Float32Array]) -> list[Float32Array]:
    """Each network's answers, (rows, units), in the arm's order, from each group's, (networks, rows, answers)."""
    by_network = {
        member: answer[row, :, : group.units[row]]
        for group, answer in zip(groups, answers, strict=True)
        for row, member in enumerate(group.members)
    }
    return [by_network[index] for index in range(len(by_network))]


def one_output(network: Architecture, weights: Weights, head: int) -> tuple[Architecture, Weights]:
    """The network with only one of its heads, for a request that wants one output of N."""
    renamed = {layer.name: layer.name.replace(f"head_{head}_", "head_0_") for layer in network.heads[head]}
    alone = tuple(replace(layer, name=renamed[layer.name], head=0) for layer in network.heads[head])
    names = {layer.name: layer.name for layer in (*network.convs, *network.trunk)} | renamed
    parts = {f"{new}/{part}": weights[f"{old}/{part}"] for old, new in names.items() for part in ("kernel", "bias")}
    own = named_own_weights(own_weights(weights))
    return replace(network, heads=(alone,), kinds=(network.kinds[head],)), parts | own
