"""FLOPs by TensorFlow's own operation statistics, which the closed form is checked against."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops

from jointbench.backends.tensorflow.losses_and_optimizers import make_loss
from jointbench.backends.tensorflow.networks import functional, head_name
from jointbench.networks.architecture import Architecture

COUNTED = {"MatMul", "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"}
GEMM_CLASS = ("MatMul", "Conv", "Einsum", "Xla")  # an uncounted operation with such a name is an error


def counted_flops(network: Architecture, batch_size: int) -> dict[str, int]:
    """FLOPs of one training step and of one prediction of ``batch_size`` rows.

    Raises RuntimeError when the graph holds a matrix-product-like operation that has no statistics.
    """
    model = functional(network)
    rows = tf.TensorSpec((batch_size, *network.input_shape), tf.float32)

    def predict(features: Any) -> Any:
        return model(features)

    def step(features: Any) -> Any:
        with tf.GradientTape() as tape:
            answers = model(features, training=True)
            loss = sum(
                make_loss(kind, "squared")(tf.zeros((batch_size, 1)), answers[head_name(i)])
                for i, kind in enumerate(network.kinds)
            )
        return tape.gradient(loss, model.trainable_variables)

    train = tf.function(step).get_concrete_function(rows).graph
    inference = tf.function(predict).get_concrete_function(rows).graph
    return {"train": _reachable_flops(train), "inference": _reachable_flops(inference)}


def _reachable_flops(graph: Any) -> int:
    """FLOPs of the operations that the graph's outputs depend on.

    The graph also has operations that no output needs, such as the gradient of the input.
    """
    waiting, seen, total = [tensor.op for tensor in graph.outputs], set(), 0
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        waiting.extend(tensor.op for tensor in operation.inputs)
        waiting.extend(operation.control_inputs)
        if operation.type in COUNTED:
            total += int(ops.get_stats_for_node_def(graph, operation.node_def, "flops").value)
        elif any(part in operation.type for part in GEMM_CLASS):
            raise RuntimeError(f"operation {operation.name} of type {operation.type} is not counted")
    return total
