"""FLOPs by TensorFlow's own operation statistics, which the closed form is checked against."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from jointbench.backends.tensorflow.graph_flops import reachable_flops
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss
from jointbench.backends.tensorflow.networks import functional, head_name
from jointbench.networks.architecture import Architecture


def counted_flops(network: Architecture, batch_size: int) -> dict[str, int]:
    """FLOPs of one training step and of one prediction of ``batch_size`` rows.

    Raises Uncounted when the graph holds a matrix-product-like operation that has no statistics.
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
    return {"train": reachable_flops(train), "inference": reachable_flops(inference)}
