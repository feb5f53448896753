"""A user's trunk in Keras: built from a seed, read once before anything trains."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.own_trunk import ROWS, TrunkReading, check_answer, check_module, plain_shape
from jointbench.backends.tensorflow.graph_flops import Uncounted, reachable_flops
from jointbench.networks.own_trunk import TrunkFunction, TrunkSizes, call_trunk, trunk_name
from jointbench.types import Shape


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Keras's random numbers (initial weights, dropout) from this seed. Python's and numpy's go on as before."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # Keras draws from numpy's global state
    try:
        keras.utils.set_random_seed(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002  # see above


def read_trunk(function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> TrunkReading:
    """What the function's layer is like at this width. Raises BadInput where it is no trunk."""
    name = trunk_name(function)
    with seeded(0):
        trunk = call_trunk(function, input_shape, width)
        check_module(name, trunk, keras.Layer, "keras.Layer")
        answer = trunk(tf.zeros((ROWS, *input_shape)))
        shape = tuple(getattr(answer, "shape", ()))
        floating = tf.is_tensor(answer) and answer.dtype.is_floating
        units = check_answer(name, input_shape, shape, floating=floating)
        parameters = sum(int(np.prod(weight.shape)) for weight in trunk.trainable_weights)
        forward, backward, uncounted = _flops(trunk, input_shape)
    layers = dict.fromkeys(type(part).__name__ for part in _parts(trunk))
    sizes = TrunkSizes(units, parameters, forward // ROWS, backward // ROWS, uncounted)
    return TrunkReading(sizes, _plain(trunk, input_shape), tuple(layers))


def _flops(trunk: Any, input_shape: tuple[int, ...]) -> tuple[int, int, str]:
    """FLOPs of ROWS rows, forward and backward, or why there are none."""
    signature = tf.TensorSpec((ROWS, *input_shape), tf.float32)

    def forward(rows: Any) -> Any:
        return trunk(rows, training=False)

    def both(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            answer = tf.reduce_sum(trunk(rows, training=True))
        return [answer, *tape.gradient(answer, trunk.trainable_weights)] if trunk.trainable_weights else answer

    try:
        once, total = (
            reachable_flops(tf.function(work, autograph=False).get_concrete_function(signature).graph)
            for work in (forward, both)
        )
    except Uncounted as error:
        return 0, 0, str(error)
    return once, total - once, ""


def _parts(trunk: Any) -> list[Any]:
    """The layers that have no layers of their own."""
    layers = [layer for layer in trunk._flatten_layers() if not list(layer._flatten_layers(include_self=False))]
    return [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]


def _plain(trunk: Any, input_shape: tuple[int, ...]) -> Shape | None:
    """The shape of a Sequential of Dense layers, each with an activation of its own, with Keras's initial weights."""
    if type(trunk) is not keras.Sequential or len(input_shape) != 1:
        return None
    if not all(type(layer) is keras.layers.Dense and _is_usual(layer) for layer in trunk.layers):
        return None
    names = [getattr(layer.activation, "__name__", "") for layer in trunk.layers]
    return plain_shape([layer.units for layer in trunk.layers], names)


def _is_usual(layer: Any) -> bool:
    regularised = layer.kernel_regularizer or layer.bias_regularizer or layer.activity_regularizer
    constrained = layer.kernel_constraint or layer.bias_constraint
    initial = isinstance(layer.kernel_initializer, keras.initializers.GlorotUniform)
    zero = isinstance(layer.bias_initializer, keras.initializers.Zeros)
    return bool(layer.use_bias and layer.trainable and initial and zero and not regularised and not constrained)
