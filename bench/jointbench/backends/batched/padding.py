"""Networks of unlike shapes in one: narrower layers and missing heads are padded with zeros.

A zero unit stays zero: its activation is 0 and its outgoing weights are 0, so no gradient reaches it and no optimiser
moves it. A missing head has loss weight 0. A padded network therefore trains as it does alone, up to rounding, and the
networks of a dataset need one compiled program instead of one for each shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import train_flops_per_row
from jointbench.networks.layers import Layer
from jointbench.types import Kind, Weights

PADDING_FLOPS = 40e9  # what zeros may cost a stack in all: about the time that compiling another program takes
HeadKey = tuple[Kind, int, int]
"""What a head must share with its counterpart in the padded network: kind, units, depth."""


def padding_key(network: Architecture) -> object:
    """Networks with equal keys can be padded to one: same convolutions, depth, activation and number of heads.

    Convolutions must be equal, because they are too expensive to pad. So must the number of heads, because a padded
    network has the heads of all networks and a step passes through all of them. With normalisation widths must be equal
    too, because zeros would count in the mean of a row's units.
    """
    depths = tuple(sorted({len(head) for head in network.heads}))
    key = (network.input_shape, network.convs, len(network.trunk), depths, network.activation, len(network.heads))
    hidden = [*network.trunk, *(layer for head in network.heads for layer in head[:-1])]
    walk = tuple((layer.kind, layer.opens, layer.then) for layer in network.trunk)
    normed = any(layer.kind == "norm" for layer in hidden)
    widths = tuple(sorted({tuple(layer.units for layer in head[:-1]) for head in network.heads})) if normed else ()
    return (*key, walk, network.dropout, network.trunk if normed else (), widths)


def padded_architecture(networks: Sequence[Architecture]) -> Architecture:
    """The smallest network that every one of these fits into: the widest of each layer, and all kinds of heads.

    The networks must have equal padding keys.
    """
    first = networks[0]
    heads_needed: Counter[HeadKey] = Counter()
    head_widths: dict[HeadKey, tuple[int, ...]] = {}
    for network in networks:
        own_heads: Counter[HeadKey] = Counter()
        for kind, head in zip(network.kinds, network.heads, strict=True):
            key = _head_key(kind, head)
            own_heads[key] += 1
            widths = head_widths.get(key, (0,) * len(head))
            head_widths[key] = tuple(max(layer.units, width) for layer, width in zip(head, widths, strict=True))
        heads_needed |= own_heads
    head_templates = {
        _head_key(kind, head): head
        for network in networks
        for kind, head in zip(network.kinds, network.heads, strict=True)
    }
    trunk: list[Layer] = []
    for layers in zip(*(network.trunk for network in networks), strict=True):
        inputs = trunk[-1].units if trunk else layers[0].inputs
        trunk.append(replace(layers[0], inputs=inputs, units=max(layer.units for layer in layers)))
    head_inputs = trunk[-1].units if trunk else first.heads[0][0].inputs
    keys = list(heads_needed.elements())
    return Architecture(
        first.input_shape,
        first.convs,
        tuple(trunk),
        tuple(_head(index, head_templates[key], head_widths[key], head_inputs) for index, key in enumerate(keys)),
        tuple(kind for kind, _, _ in keys),
        first.activation,
        dropout=first.dropout,
    )


def _head_key(kind: Kind, head: Sequence[Layer]) -> HeadKey:
    return kind, head[-1].units, len(head)


def _head(index: int, template: Sequence[Layer], widths: Sequence[int], inputs: int) -> tuple[Layer, ...]:
    """The template's layers at these widths, as the head of this index."""
    layers = []
    for layer, units in zip(template, widths, strict=True):
        _, _, place = layer.name.split("_", 2)
        layers.append(replace(layer, name=f"head_{index}_{place}", inputs=inputs, units=units, head=index))
        inputs = units
    return tuple(layers)


def matching_heads(network: Architecture, padded: Architecture) -> tuple[int, ...]:
    """For each head of the network, the index of its head in ``padded``: the first free one with the same key."""
    free: dict[HeadKey, list[int]] = {}
    for index, (kind, head) in enumerate(zip(padded.kinds, padded.heads, strict=True)):
        free.setdefault(_head_key(kind, head), []).append(index)
    return tuple(free[_head_key(kind, head)].pop(0) for kind, head in zip(network.kinds, network.heads, strict=True))


def _layer_pairs(network: Architecture, padded: Architecture) -> list[tuple[Layer, Layer]]:
    """Each layer of the network with its counterpart in ``padded``."""
    pairs = [*zip(network.convs, padded.convs, strict=True), *zip(network.trunk, padded.trunk, strict=True)]
    for index, head in zip(matching_heads(network, padded), network.heads, strict=True):
        pairs += zip(head, padded.heads[index], strict=True)
    return pairs


def pad_weights(network: Architecture, padded: Architecture, weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """The network's weights in the shapes of ``padded``, zero elsewhere."""
    padded_weights: dict[str, npt.NDArray[np.floating]] = {
        f"{layer.name}/{part}": np.zeros(shape)
        for layer in padded.layers
        for part, shape in (("kernel", layer.kernel_shape), ("bias", (layer.units,)))
    }
    for layer, wide in _layer_pairs(network, padded):
        corner = tuple(slice(size) for size in layer.kernel_shape)
        padded_weights[f"{wide.name}/kernel"][corner] = weights[f"{layer.name}/kernel"]
        padded_weights[f"{wide.name}/bias"][: layer.units] = weights[f"{layer.name}/bias"]
    return padded_weights


def unpad_weights(network: Architecture, padded: Architecture, weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """The inverse of ``pad_weights``."""
    own_weights = {}
    for layer, wide in _layer_pairs(network, padded):
        corner = tuple(slice(size) for size in layer.kernel_shape)
        own_weights[f"{layer.name}/kernel"] = weights[f"{wide.name}/kernel"][corner]
        own_weights[f"{layer.name}/bias"] = weights[f"{wide.name}/bias"][: layer.units]
    return own_weights


def pad_masks(
    network: Architecture, padded: Architecture, masks: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, npt.NDArray[np.bool_]]:
    """The network's dropout masks by the names of their layers in ``padded``, (rows, the network's own units)."""
    return {wide.name: masks[layer.name] for layer, wide in _layer_pairs(network, padded) if layer.drops}


def worth_padding(networks: Sequence[Architecture], rows_seen: int) -> bool:
    """Whether one padded program costs less than it saves. rows_seen: by each network in training."""
    padded_flops = train_flops_per_row([padded_architecture(networks)])
    wasted = sum(padded_flops - train_flops_per_row([network]) for network in networks)
    return wasted * rows_seen <= PADDING_FLOPS
