"""An arm's networks as one batched program: their weights side by side on a leading axis, in numpy.

Networks that agree in all but the units of their answers are one group; a backend runs each group's layers once for
all of its networks. What is fused is arithmetic: every network's answer is what it is alone, to float32 rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Stacked = tuple[Float32Array, Float32Array]
"""Kernels (networks, in, out) or (networks, 3, 3, in, out), and biases (networks, out)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Group:
    """Networks of one shape. members: their places among the arm's; units: how many answers each gives.

    heads: per head its hidden layers, then its answers, (networks, hidden, all answers), which are added up: a head's
    kernel is 0 in the other heads' columns, and past the units of a network that gives fewer. Heads without hidden
    layers are one. bias: (networks, all answers).
    """

    architecture: Architecture
    members: tuple[int, ...]
    units: tuple[int, ...]
    convs: tuple[Stacked, ...]
    trunk: tuple[Stacked, ...]
    heads: tuple[tuple[tuple[Stacked, ...], Float32Array], ...]
    bias: Float32Array


def groups_of(networks: Sequence[tuple[Architecture, Weights]]) -> list[Group]:
    """The networks, grouped by all of their shape but the units of their answers."""
    places: dict[object, list[int]] = {}
    for place, (network, _) in enumerate(networks):
        hidden_heads = tuple(head[:-1] for head in network.heads)
        key = (network.input_shape, network.convs, network.trunk, hidden_heads, network.activation)
        places.setdefault(key, []).append(place)
    return [_group(members, [networks[place] for place in members]) for members in places.values()]


def _group(members: Sequence[int], networks: Sequence[tuple[Architecture, Weights]]) -> Group:
    first = networks[0][0]

    def stacked(name: str) -> Stacked:
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
    hidden: list[tuple[Stacked, ...]] = [tuple(stacked(layer.name) for layer in head[:-1]) for head in first.heads]
    if not any(hidden):  # all heads read the trunk, so their kernels, each in its own columns, are one
        hidden, kernels = [()], [np.sum(np.stack(kernels), axis=0, dtype=np.float32)]
    return Group(
        architecture=first,
        members=tuple(members),
        units=tuple(units),
        convs=tuple(stacked(layer.name) for layer in first.convs),
        trunk=tuple(stacked(layer.name) for layer in first.trunk),
        heads=tuple(zip(hidden, kernels, strict=True)),
        bias=bias,
    )


def scattered(groups: Sequence[Group], answers: Sequence[Float32Array]) -> list[Float32Array]:
    """Each network's (rows, units) from each group's (networks, rows, all answers), in the arm's order."""
    found = {
        member: answer[row, :, : group.units[row]]
        for group, answer in zip(groups, answers, strict=True)
        for row, member in enumerate(group.members)
    }
    return [found[place] for place in range(len(found))]


def one_output(network: Architecture, weights: Weights, head: int) -> tuple[Architecture, Weights]:
    """The network with only one of its heads: what answers a request that wants one output of N."""
    renamed = {layer.name: f"head_0_{i}" for i, layer in enumerate(network.heads[head])}
    alone = tuple(replace(layer, name=renamed[layer.name], head=0) for layer in network.heads[head])
    kept = {layer.name: layer.name for layer in (*network.convs, *network.trunk)} | renamed
    parts = {f"{new}/{part}": weights[f"{old}/{part}"] for old, new in kept.items() for part in ("kernel", "bias")}
    return replace(network, heads=(alone,), kinds=(network.kinds[head],)), parts
