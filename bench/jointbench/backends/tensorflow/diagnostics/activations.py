"""What every layer of a trunk makes of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.tensorflow.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights


def activations(networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array) -> list[list[Float32Array]]:
    """Per network and trunk layer, (rows, units); a convolution's map after pooling, flattened (height, width, channels)."""
    built: dict[Architecture, tuple[Any, Any]] = {}
    made = []
    tensor = tf.constant(np.ascontiguousarray(rows, np.float32))
    for network, weights in networks:
        if network not in built:
            model = build(network, weights)
            pooled = [layer.output for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
            dense = [model.get_layer(layer.name).output for layer in network.trunk]
            built[network] = (model, keras.Model(model.input, [*pooled, *dense]))
        model, inner = built[network]
        for layer in network.layers:
            model.get_layer(layer.name).set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
        layers = inner(tensor, training=False)
        made.append(
            [layer.numpy().reshape(len(rows), -1) for layer in (layers if isinstance(layers, list) else [layers])]
        )
    return made
