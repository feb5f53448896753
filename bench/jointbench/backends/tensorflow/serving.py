"""Serving: each model through a `tf.function` of a fixed signature, models fused, compiled, or by `predict`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.fused import Group, StackedLayer, group_networks, split_answers
from jointbench.backends.tensorflow.networks import ACTIVATIONS, build, head_name, normalised
from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer, run_layers
from jointbench.types import Float32Array, Weights

Networks = Sequence[tuple[Architecture, Weights]]


def _signature(network: Architecture) -> list[Any]:
    """Rows of any number, so that one trace serves every batch size."""
    return [tf.TensorSpec((None, *network.input_shape), tf.float32)]


def _predict_function(network: Architecture, weights: Weights) -> Callable[[Any], Any]:
    model = build(network, weights)

    def answer(rows: Any) -> Any:
        answers = model(rows, training=False)
        return tf.concat([answers[head_name(i)] for i in range(len(network.heads))], axis=1)

    return tf.function(answer, input_signature=_signature(network), autograph=False)  # type: ignore[no-any-return]


class FunctionServer:
    """An arm's models called one after the other. The copy to numpy waits for the device."""

    def __init__(self, networks: Networks) -> None:
        self.functions = [_predict_function(network, weights) for network, weights in networks]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        tensor = tf.constant(rows)
        return [function(tensor).numpy() for function in self.functions]


class _FusedDense:
    """One dense layer of every network of a group. Rows that all share are multiplied by all kernels in one product."""

    def __init__(self, layer: StackedLayer) -> None:
        kernel, bias = layer
        self.networks, inputs, self.units = kernel.shape
        self.kernel, self.bias = _constant(kernel), _constant(bias[:, None, :])
        self.flat_kernel = _constant(kernel.transpose(1, 0, 2).reshape(inputs, -1))
        self.flat_bias = _constant(bias.reshape(-1))

    def __call__(self, rows: Any) -> Any:
        """From (networks, rows, in), or (rows, in) that all networks share, to (networks, rows, out).

        A single network with shared rows returns (rows, out).
        """
        if len(rows.shape) == 3:
            return tf.matmul(rows, self.kernel) + self.bias
        answer = tf.nn.bias_add(tf.matmul(rows, self.flat_kernel), self.flat_bias)
        if self.networks == 1:
            return answer
        return tf.transpose(tf.reshape(answer, (-1, self.networks, self.units)), (1, 0, 2))


class _FusedNorm:
    """One normalisation of every network of a group: of (networks, rows, units), or (rows, units) of a single one."""

    def __init__(self, layer: StackedLayer) -> None:
        scale, shift = layer
        self.scale, self.shift = _constant(scale[:, None, :]), _constant(shift[:, None, :])

    def __call__(self, rows: Any) -> Any:
        if len(rows.shape) == 3:
            return normalised(rows) * self.scale + self.shift
        return normalised(rows) * self.scale[0] + self.shift[0]


def _constant(values: npt.NDArray[np.floating]) -> Any:
    return tf.Variable(values, trainable=False)


class _FusedGroup:
    """A group's networks as one graph.

    Takes (rows, features) or images; returns (networks, rows, answers), or (rows, answers) of a single network.
    """

    def __init__(self, group: Group) -> None:
        self.activate = ACTIVATIONS[group.architecture.activation]
        self.networks = len(group.members)
        self.convs = [(_constant(kernel), _constant(bias)) for kernel, bias in group.convs]
        self.trunk, self.hidden = group.architecture.trunk, [head for head, _ in group.heads]
        self.dense = {
            layer.name: (_FusedNorm if layer.kind == "norm" else _FusedDense)(group.dense[layer.name])
            for layer in (*self.trunk, *(layer for head in self.hidden for layer in head))
        }
        empty = np.zeros_like(group.bias)
        self.answers = [
            _FusedDense((kernel, group.bias if i == 0 else empty)) for i, (_, kernel) in enumerate(group.heads)
        ]

    def _convolved(self, images: Any) -> Any:
        """(networks, rows, features). Each network has its own convolution: TensorFlow has no grouped one on a CPU."""
        parts = []
        for network in range(self.networks):
            hidden = images
            for kernel, bias in self.convs:
                answer = self.activate(tf.nn.conv2d(hidden, kernel[network], 1, "SAME") + bias[network])
                hidden = tf.nn.max_pool2d(answer, 2, 2, "VALID")
            height, width, channels = hidden.shape[1:]
            parts.append(tf.reshape(hidden, (-1, height * width * channels)))
        return parts[0] if self.networks == 1 else tf.stack(parts)

    def _apply(self, layer: Layer, rows: Any) -> Any:
        return self.dense[layer.name](rows)

    def __call__(self, rows: Any) -> Any:
        hidden = self._convolved(rows) if self.convs else rows
        hidden = run_layers(self.trunk, hidden, self._apply, self.activate)
        total: Any = None
        for layers, answer in zip(self.hidden, self.answers, strict=True):
            part = answer(run_layers(layers, hidden, self._apply, self.activate))
            total = part if total is None else total + part
        return total


class FusedServer:
    """An arm's networks, as one batched program for each group, all in one call. xla: compiles it."""

    def __init__(self, networks: Networks, xla: bool = False) -> None:
        self.groups = group_networks(networks)
        self.programs = [_FusedGroup(group) for group in self.groups]
        # XLA needs the number of rows, so there is one compiled program for each batch size.
        signature = None if xla else _signature(networks[0][0])
        self.function = tf.function(
            lambda rows: [program(rows) for program in self.programs],
            input_signature=signature,
            autograph=False,
            jit_compile=True if xla else None,
        )

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        answers = [answer.numpy() for answer in self.function(tf.constant(rows))]
        by_group = [answer if answer.ndim == 3 else answer[None] for answer in answers]
        return list(split_answers(self.groups, by_group))


class PredictServer:
    """An arm's models called one after the other through `predict`, which is meant for whole data sets."""

    def __init__(self, networks: Networks) -> None:
        self.models = [(build(network, weights), len(network.heads)) for network, weights in networks]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        answers = [(model.predict(rows, batch_size=len(rows), verbose=0), heads) for model, heads in self.models]
        return [np.concatenate([answer[head_name(i)] for i in range(heads)], axis=1) for answer, heads in answers]
