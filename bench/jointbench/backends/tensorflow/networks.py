"""A shared trunk and one named head per output as a Keras functional model, and its weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.own_trunk import named_own_weights, own_weights
from jointbench.backends.tensorflow.own_trunk import seeded
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights

ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.tanh}


def head_name(index: int) -> str:
    """The name of a head's output. The user's own name may have characters that Keras forbids in a layer's name."""
    return f"output_{index}"


def functional(network: Architecture, dtype: str = "float32", seed: int = 0) -> Any:
    """The model: (rows, features) or (rows, height, width, channels) to {head name: (rows, units)}, raw.

    Every layer is named: Keras numbers unnamed layers across models, so the size of the saved file would depend on what
    was built before. seed: of the initial weights of a user's own trunk, which stands in place of convolutions and
    dense layers.
    """
    inputs = keras.Input(network.input_shape, dtype=dtype, name="rows")
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
    for layer in network.trunk:
        hidden = keras.layers.Dense(layer.units, activation=network.activation, name=layer.name, dtype=dtype)(hidden)
    answers = {}
    for index, head in enumerate(network.heads):
        answer = hidden
        for layer in head[:-1]:
            answer = keras.layers.Dense(layer.units, activation=network.activation, name=layer.name, dtype=dtype)(
                answer
            )
        answer = keras.layers.Dense(head[-1].units, name=head[-1].name, dtype=dtype)(answer)
        answers[head_name(index)] = keras.layers.Identity(name=head_name(index), dtype=dtype)(answer)
    return keras.Model(inputs, answers, name="network")


def build(network: Architecture, weights: Weights, dtype: str = "float32", seed: int = 0) -> Any:
    """The model with these weights copied in. seed: see ``functional``, where they have none of that trunk."""
    model = functional(network, dtype, seed)
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
