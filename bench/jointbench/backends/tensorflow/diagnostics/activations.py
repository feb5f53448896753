"""The activations of every layer of a trunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.tensorflow.networks import answer_name, build
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights


def activations(networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array) -> list[list[Float32Array]]:
    """Per network and trunk layer, (rows, units).

    A convolution's map is taken after pooling and flattened as (height, width, channels).
    """
    models: dict[Architecture, tuple[Any, Any]] = {}
    by_network = []
    tensor = tf.constant(np.ascontiguousarray(rows, np.float32))
    for network, weights in networks:
        if network not in models:
            model = build(network, weights)
            pooled = [layer.output for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
            dense = [model.get_layer(answer_name(layer)).output for layer in network.trunk]
            models[network] = (model, keras.Model(model.input, [*pooled, *dense]))
        model, trunk = models[network]
        for layer in network.layers:
            model.get_layer(layer.name).set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
        layers = trunk(tensor, training=False)
        by_network.append(
            [layer.numpy().reshape(len(rows), -1) for layer in (layers if isinstance(layers, list) else [layers])]
        )
    return by_network
