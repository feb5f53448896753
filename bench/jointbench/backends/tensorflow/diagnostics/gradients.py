"""Gradients of the total loss as Keras computes it and of each output's own loss, each from its own tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import Gradients, Job
from jointbench.backends.tensorflow.compiled_model import compiled
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss
from jointbench.backends.tensorflow.networks import head_name
from jointbench.networks.architecture import Architecture
from jointbench.types import IntArray


def gradients(job: Job, rows: IntArray) -> Gradients:
    """Losses and gradients on these rows at the job's initial weights."""
    model = compiled(job)
    features, targets, weights = BatchPipeline(job).gather(rows)
    variables = named_variables(job.architecture, model)

    def taped(loss_of: Any) -> tuple[float, dict[str, npt.NDArray[np.floating]]]:
        with tf.GradientTape() as tape:
            loss = loss_of(model(features, training=True))
        by_name = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return float(loss), {name: gradient.numpy() for name, gradient in by_name.items()}

    def own(index: int) -> tuple[float, dict[str, npt.NDArray[np.floating]]]:
        name, loss = head_name(index), make_loss(job.architecture.kinds[index], job.regression_loss)
        return taped(lambda answers: loss(targets[name], answers[name], sample_weight=weights[name]))

    total_loss, total = taped(lambda answers: model.compute_loss(features, targets, answers, weights))
    alone = [own(index) for index in range(len(job.loss_weights))]
    return Gradients(total, tuple(gradient for _, gradient in alone), total_loss, np.array([loss for loss, _ in alone]))


def named_variables(network: Architecture, model: Any) -> dict[str, Any]:
    """The model's variables by weight name."""
    variables = {}
    for layer in network.layers:
        keras_layer = model.get_layer(layer.name)
        kernel, bias = keras_layer.trainable_weights  # of a normalisation its scale and shift
        variables[f"{layer.name}/kernel"], variables[f"{layer.name}/bias"] = kernel.value, bias.value
    return variables
