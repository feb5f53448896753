"""Networks of unlike shapes as guests of one: narrower layers and missing heads are filled up with zeros.

A zero unit stays zero: its answer is activation(0) = 0 and nothing reads it, so no gradient reaches it and no
optimiser moves it; a missing head has loss weight 0. A guest therefore trains as it does alone, up to rounding, and a
dataset's networks need one compiled program where each shape would need its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture, Layer
from jointbench.networks.flops import train_flops_per_row
from jointbench.types import Kind, Weights

PADDING_FLOPS = 40e9  # what zeros may cost a stack in all: about the time that compiling another program takes


def padding_key(network: Architecture) -> object:
    """Networks of one family can share a host: same convolutions, depth, activation and number of heads.

    Convolutions must be equal, because they are too dear to fill up; so must the number of heads, because a host has
    every guest's heads and a step passes through all of them.
    """
    depths = tuple(sorted({len(head) for head in network.heads}))
    return network.input_shape, network.convs, len(network.trunk), depths, network.activation, len(network.heads)


def padded_architecture(networks: Sequence[Architecture]) -> Architecture:
    """The smallest network that every one of a family fits into: the widest of each layer, and all kinds of heads."""
    first = networks[0]
    most: Counter[tuple[Kind, int, int]] = Counter()
    widths: dict[tuple[Kind, int, int], tuple[int, ...]] = {}
    for network in networks:
        needed: Counter[tuple[Kind, int, int]] = Counter()
        for kind, head in zip(network.kinds, network.heads, strict=True):
            key = _sort(kind, head)
            needed[key] += 1
            so_far = widths.get(key, (0,) * len(head))
            widths[key] = tuple(max(layer.units, width) for layer, width in zip(head, so_far, strict=True))
        most |= needed
    trunk: list[Layer] = []
    for layers in zip(*(network.trunk for network in networks), strict=True):
        inputs = trunk[-1].units if trunk else layers[0].inputs
        trunk.append(replace(layers[0], inputs=inputs, units=max(layer.units for layer in layers)))
    feeds = trunk[-1].units if trunk else first.heads[0][0].inputs
    keys = list(most.elements())
    heads = tuple(_head(place, widths[key], feeds, first.heads[0][0].reads_input) for place, key in enumerate(keys))
    return Architecture(
        first.input_shape, first.convs, tuple(trunk), heads, tuple(key[0] for key in keys), first.activation
    )


def _sort(kind: Kind, head: Sequence[Layer]) -> tuple[Kind, int, int]:
    """What a head must share with its place in the host: kind, units, depth."""
    return kind, head[-1].units, len(head)


def _head(place: int, widths: Sequence[int], inputs: int, reads_input: bool) -> tuple[Layer, ...]:
    made = []
    for depth, units in enumerate(widths):
        made.append(
            Layer(
                name=f"head_{place}_{depth}",
                kind="dense",
                inputs=inputs,
                units=units,
                positions=1,
                head=place,
                reads_input=reads_input and depth == 0,
            )
        )
        inputs = units
    return tuple(made)


def head_places(network: Architecture, host: Architecture) -> tuple[int, ...]:
    """The host's head for each of the network's, the first free one of its sort."""
    free: dict[tuple[Kind, int, int], list[int]] = {}
    for place, (kind, head) in enumerate(zip(host.kinds, host.heads, strict=True)):
        free.setdefault(_sort(kind, head), []).append(place)
    return tuple(free[_sort(kind, head)].pop(0) for kind, head in zip(network.kinds, network.heads, strict=True))


def _pairs(network: Architecture, host: Architecture) -> list[tuple[Layer, Layer]]:
    """Each layer of the network beside its place in the host."""
    pairs = [*zip(network.convs, host.convs, strict=True), *zip(network.trunk, host.trunk, strict=True)]
    for place, head in zip(head_places(network, host), network.heads, strict=True):
        pairs += zip(head, host.heads[place], strict=True)
    return pairs


def pad_weights(network: Architecture, host: Architecture, weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """The network's weights among zeros, in the host's shapes."""
    full: dict[str, npt.NDArray[np.floating]] = {
        f"{layer.name}/{part}": np.zeros(shape)
        for layer in host.layers
        for part, shape in (("kernel", layer.kernel_shape), ("bias", (layer.units,)))
    }
    for own, place in _pairs(network, host):
        full[f"{place.name}/kernel"][tuple(slice(size) for size in own.kernel_shape)] = weights[f"{own.name}/kernel"]
        full[f"{place.name}/bias"][: own.units] = weights[f"{own.name}/bias"]
    return full


def unpad_weights(network: Architecture, host: Architecture, weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """The inverse of ``pad_weights``."""
    own_weights = {}
    for own, place in _pairs(network, host):
        own_weights[f"{own.name}/kernel"] = weights[f"{place.name}/kernel"][
            tuple(slice(size) for size in own.kernel_shape)
        ]
        own_weights[f"{own.name}/bias"] = weights[f"{place.name}/bias"][: own.units]
    return own_weights


def worth_padding(networks: Sequence[Architecture], rows_seen: int) -> bool:
    """Whether one program for all costs less than what it saves, if each network sees ``rows_seen`` rows in training."""
    each = train_flops_per_row([padded_architecture(networks)])
    wasted = sum(each - train_flops_per_row([network]) for network in networks)
    return wasted * rows_seen <= PADDING_FLOPS
