"""Trained models answering requests: each called through a `tf.function` of a fixed signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.architecture import Architecture
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.types import Float32Array, Weights


def _served(network: Architecture, weights: Weights) -> Callable[[Any], Any]:
    model = build(network, weights)

    def answer(rows: Any) -> Any:
        answers = model(rows, training=False)
        return tf.concat([answers[head_name(i)] for i in range(len(network.heads))], axis=1)

    return tf.function(answer, input_signature=[tf.TensorSpec((None, *network.input_shape), tf.float32)])  # type: ignore[no-any-return]


class FunctionServer:
    """An arm's models called one after the other, from numpy to numpy (which waits for the device)."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]]) -> None:
        self.functions = [_served(network, weights) for network, weights in networks]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        tensor = tf.constant(rows)
        return [function(tensor).numpy() for function in self.functions]
