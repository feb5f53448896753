"""Trained models answering requests: each through a `tf.function` of a fixed signature, fused, compiled, or by `predict`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.fused import Group, Stacked, groups_of, scattered
from jointbench.backends.tensorflow.batched.program import ACTIVATIONS
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Networks = Sequence[tuple[Architecture, Weights]]


def _signature(network: Architecture) -> list[Any]:
    """Any number of rows: one trace serves every batch size."""
    return [tf.TensorSpec((None, *network.input_shape), tf.float32)]


def _served(network: Architecture, weights: Weights) -> Callable[[Any], Any]:
    model = build(network, weights)

    def answer(rows: Any) -> Any:
        answers = model(rows, training=False)
        return tf.concat([answers[head_name(i)] for i in range(len(network.heads))], axis=1)

    return tf.function(answer, input_signature=_signature(network), autograph=False)  # type: ignore[no-any-return]


class FunctionServer:
    """An arm's models called one after the other, from numpy to numpy (which waits for the device)."""

    def __init__(self, networks: Networks) -> None:
        self.functions = [_served(network, weights) for network, weights in networks]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        tensor = tf.constant(rows)
        return [function(tensor).numpy() for function in self.functions]


class _FusedDense:
    """One dense layer of every network of a group; rows that all networks share meet all kernels in one product."""

    def __init__(self, layer: Stacked) -> None:
        kernel, bias = layer
        self.networks, inputs, self.units = kernel.shape
        self.kernel, self.bias = _held(kernel), _held(bias[:, None, :])
        self.flat_kernel, self.flat_bias = _held(kernel.transpose(1, 0, 2).reshape(inputs, -1)), _held(bias.reshape(-1))

    def __call__(self, rows: Any) -> Any:
        """(networks, rows, in), or (rows, in) that all share, to (networks, rows, out), or (rows, out) of one network."""
        if len(rows.shape) == 3:
            return tf.matmul(rows, self.kernel) + self.bias
        answer = tf.nn.bias_add(tf.matmul(rows, self.flat_kernel), self.flat_bias)
        if self.networks == 1:
            return answer
        return tf.transpose(tf.reshape(answer, (-1, self.networks, self.units)), (1, 0, 2))


def _held(values: npt.NDArray[np.floating]) -> Any:
    return tf.Variable(values, trainable=False)


class _FusedGroup:
    """A group's networks as one graph: (rows, features) or images to (networks, rows, answers), or (rows, answers) of one."""

    def __init__(self, group: Group) -> None:
        self.activate = ACTIVATIONS[group.architecture.activation]
        self.networks = len(group.members)
        self.convs = [(_held(kernel), _held(bias)) for kernel, bias in group.convs]
        self.trunk = [_FusedDense(layer) for layer in group.trunk]
        self.hidden = [[_FusedDense(layer) for layer in head] for head, _ in group.heads]
        empty = np.zeros_like(group.bias)
        self.answers = [
            _FusedDense((kernel, group.bias if i == 0 else empty)) for i, (_, kernel) in enumerate(group.heads)
        ]

    def _convolved(self, images: Any) -> Any:
        """(networks, rows, features); TensorFlow has no grouped convolution on a CPU, so each network has its own."""
        parts = []
        for place in range(self.networks):
            hidden = images
            for kernel, bias in self.convs:
                answer = self.activate(tf.nn.conv2d(hidden, kernel[place], 1, "SAME") + bias[place])
                hidden = tf.nn.max_pool2d(answer, 2, 2, "VALID")
            height, width, channels = hidden.shape[1:]
            parts.append(tf.reshape(hidden, (-1, height * width * channels)))
        return parts[0] if self.networks == 1 else tf.stack(parts)

    def __call__(self, rows: Any) -> Any:
        hidden = self._convolved(rows) if self.convs else rows
        for layer in self.trunk:
            hidden = self.activate(layer(hidden))
        total: Any = None
        for layers, answer in zip(self.hidden, self.answers, strict=True):
            own = hidden
            for layer in layers:
                own = self.activate(layer(own))
            part = answer(own)
            total = part if total is None else total + part
        return total


class FusedServer:
    """An arm's networks as one batched program for each shape among them, in one call; XLA compiles it where asked."""

    def __init__(self, networks: Networks, xla: bool = False) -> None:
        self.groups = groups_of(networks)
        self.programs = [_FusedGroup(group) for group in self.groups]
        # XLA wants to know the number of rows, so a compiled program is one for each batch size.
        signature = None if xla else _signature(networks[0][0])
        self.function = tf.function(
            lambda rows: [program(rows) for program in self.programs],
            input_signature=signature,
            autograph=False,
            jit_compile=True if xla else None,
        )

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        answers = [answer.numpy() for answer in self.function(tf.constant(rows))]
        whole = [answer if answer.ndim == 3 else answer[None] for answer in answers]
        return list(scattered(self.groups, whole))


class PredictServer:
    """An arm's models called one after the other through `predict`, which is made for whole data sets."""

    def __init__(self, networks: Networks) -> None:
        self.models = [(build(network, weights), len(network.heads)) for network, weights in networks]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        asked = [(model.predict(rows, batch_size=len(rows), verbose=0), heads) for model, heads in self.models]
        return [np.concatenate([answer[head_name(i)] for i in range(heads)], axis=1) for answer, heads in asked]
