"""A shared trunk and one named head per output as a Keras functional model, and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.own_trunk import named_own_weights, own_weights
from jointbench.backends.tensorflow.own_trunk import seeded
from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import NORM_EPSILON, Layer, run_layers
from jointbench.types import Weights

ROWS = "rows"  # the name of a model's input
ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.tanh}


def head_name(index: int) -> str:
    """The name of a head's output. The user's own name may have characters that Keras forbids in a layer's name."""
    return f"output_{index}"


def mask_name(layer: Layer) -> str:
    """The name of the input for a layer's dropout masks."""
    return f"{layer.name}_mask"


def answer_name(layer: Layer) -> str:
    """The name of the Keras layer that gives a layer's answer with what follows it."""
    if "add" in layer.then:
        return f"{layer.name}_added"
    return f"{layer.name}_activated" if layer.kind == "norm" and "activate" in layer.then else layer.name


def normalised(rows: Any) -> Any:
    """Each row's units with mean 0 and variance 1."""
    mean, variance = tf.nn.moments(rows, -1, keepdims=True)
    return (rows - mean) * tf.math.rsqrt(variance + NORM_EPSILON)


def functional(network: Architecture, dtype: str = "float32", seed: int = 0, masked: bool = False) -> Any:
    """The model: (rows, features) or (rows, height, width, channels) to {head name: (rows, units)}, raw.

    masked: a network with dropout takes {ROWS: rows, mask name: what each unit is multiplied by} in place of rows.

    Every layer is named: Keras numbers unnamed layers across models, so the size of the saved file would depend on what
    was built before. seed: of the initial weights of a user's own trunk, which stands in place of convolutions and
    dense layers.
    """
    inputs = keras.Input(network.input_shape, dtype=dtype, name=ROWS)
    dropped = network.dropped if masked else ()
    masks = {mask_name(layer): keras.Input((layer.units,), dtype=dtype, name=mask_name(layer)) for layer in dropped}
    hidden = inputs
    if network.own_trunk is not None:
        with seeded(seed):
            hidden = network.own_trunk.build(network.input_shape)(inputs)
    for conv in network.convs:
        hidden = keras.layers.Conv2D(
            conv.units, 3, padding="same", activation=network.activation, name=conv.name, dtype=dtype
        )(hidden)
        hidden = keras.layers.MaxPooling2D(2, dtype=dtype, name=f"{conv.name}_pooled")(hidden)
    if network.convs:
        hidden = keras.layers.Flatten(dtype=dtype, name="flat")(hidden)
    hidden = _chain(network, network.trunk, hidden, masks, dtype)
    answers = {}
    for index, head in enumerate(network.heads):
        answer = _chain(network, head, hidden, masks, dtype)
        answers[head_name(index)] = keras.layers.Identity(name=head_name(index), dtype=dtype)(answer)
    return keras.Model({ROWS: inputs, **masks} if masks else inputs, answers, name="network")


def _chain(network: Architecture, layers: Sequence[Layer], hidden: Any, masks: Mapping[str, Any], dtype: str) -> Any:
    """The answer of layers one after the other. A dense layer has its activation in it, as Keras's users write it."""

    def apply(layer: Layer, rows: Any) -> Any:
        activation = network.activation if layer.name in activated else None
        if layer.kind == "norm":
            rows = keras.layers.LayerNormalization(epsilon=NORM_EPSILON, name=layer.name, dtype=dtype)(rows)
            if activation is None:
                return rows
            return keras.layers.Activation(activation, name=f"{layer.name}_activated", dtype=dtype)(rows)
        return keras.layers.Dense(layer.units, activation=activation, name=layer.name, dtype=dtype)(rows)

    def drop(layer: Layer, rows: Any) -> Any:
        if not masks:
            return rows
        return keras.layers.Multiply(name=f"{layer.name}_dropped", dtype=dtype)([rows, masks[mask_name(layer)]])

    def add(layer: Layer, kept: Any, rows: Any) -> Any:
        return keras.layers.Add(name=f"{layer.name}_added", dtype=dtype)([kept, rows])

    activated = {layer.name for layer in layers if layer.then[:1] == ("activate",)}
    rest = [replace(layer, then=layer.then[1:]) if layer.name in activated else layer for layer in layers]
    return run_layers(rest, hidden, apply, lambda rows: rows, drop, add)


def build(network: Architecture, weights: Weights, dtype: str = "float32", seed: int = 0, masked: bool = False) -> Any:
    """The model with these weights copied in. seed, masked: see ``functional``; seed where they have none of that trunk."""
    model = functional(network, dtype, seed, masked)
    own = own_weights(weights)
    for name, variable in _own_variables(network, model).items() if own else ():
        variable.assign(own[name])
    for layer in network.layers:
        model.get_layer(layer.name).set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
    return model


def read_weights(network: Architecture, model: Any) -> dict[str, npt.NDArray[np.floating]]:
    """The model's weights as {"<layer>/kernel": (in, out) or (3, 3, in, out), "<layer>/bias": (out,)}, and those of a
    user's own trunk, which are numbered."""
    weights: dict[str, npt.NDArray[np.floating]] = {}
    for layer in network.layers:
        kernel, bias = model.get_layer(layer.name).get_weights()
        weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"] = kernel, bias
    own = {name: variable.numpy() for name, variable in _own_variables(network, model).items()}
    return weights | named_own_weights(own)


def _own_variables(network: Architecture, model: Any) -> dict[str, Any]:
    """The variables of a user's own trunk, by their number in the model; none where it has no such trunk."""
    if network.own_trunk is None:
        return {}
    heads = {id(weight) for layer in network.layers for weight in model.get_layer(layer.name).weights}
    own = [weight for weight in model.weights if id(weight) not in heads]
    return {str(number): weight for number, weight in enumerate(own)}
