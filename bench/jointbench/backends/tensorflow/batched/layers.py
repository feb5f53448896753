"""The forward pass of a stack of networks, and its weights as one tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from jointbench.backends.tensorflow.networks import ACTIVATIONS, normalised
from jointbench.networks.architecture import Architecture
from jointbench.networks.dropout import kept_scale
from jointbench.networks.layers import Layer, run_layers


def forward(
    network: Architecture, weights: dict[str, Any], rows: Any, masks: Mapping[str, Any] | None = None
) -> list[Any]:
    """Raw answers of every slot's network: for each head (slots, batch, units).

    masks: of a training step, by the layer's name, (slots, batch, units), 0 or 1; None where nothing is dropped.
    """
    activate = ACTIVATIONS[network.activation]

    def apply(layer: Layer, hidden: Any) -> Any:
        kernel, bias = weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"][:, None, :]
        if layer.kind == "norm":
            return normalised(hidden) * kernel[:, None, :] + bias
        return tf.matmul(hidden, kernel) + bias

    def drop(layer: Layer, hidden: Any) -> Any:
        return hidden * (tf.cast(masks[layer.name], hidden.dtype) * kept_scale(network)) if masks else hidden

    hidden = rows
    if network.convs:
        hidden = tf.stack([_convolved(network, weights, slot, rows[slot]) for slot in range(rows.shape[0])])
    hidden = run_layers(network.trunk, hidden, apply, activate, drop)
    return [run_layers(head, hidden, apply, activate, drop) for head in network.heads]


def _convolved(network: Architecture, weights: dict[str, Any], slot: int, images: Any) -> Any:
    """One slot's images after its convolutions, (batch, features)."""
    hidden = images
    for conv in network.convs:
        kernel, bias = weights[f"{conv.name}/kernel"][slot], weights[f"{conv.name}/bias"][slot]
        answer = ACTIVATIONS[network.activation](tf.nn.conv2d(hidden, kernel, 1, "SAME") + bias)
        hidden = tf.nn.max_pool2d(answer, 2, 2, "VALID")
    return tf.reshape(hidden, (hidden.shape[0], -1))


def named_weights(network: Architecture, flat: Any) -> dict[str, Any]:
    """Kernels and biases by name, (slots, ...) each, from (slots, parameters)."""
    weights, start = {}, 0
    for layer in network.layers:
        for part, shape in (("kernel", layer.kernel_shape), ("bias", (layer.units,))):
            size = math.prod(shape)
            weights[f"{layer.name}/{part}"] = tf.reshape(flat[:, start : start + size], (-1, *shape))
            start += size
    return weights


def flat_weights(weights: dict[str, Any]) -> Any:
    """The inverse of ``named_weights``. The names must be in the network's order."""
    return tf.concat([tf.reshape(weight, (weight.shape[0], -1)) for weight in weights.values()], axis=1)
