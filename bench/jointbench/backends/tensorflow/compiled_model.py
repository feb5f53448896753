"""The job's Keras model, ready for `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss, make_optimizer
from jointbench.backends.tensorflow.networks import ROWS, build, head_name
from jointbench.backends.tensorflow.weighting.weighted_model import WeightedModel


def compiled(job: Job) -> Any:
    """The job's model, compiled with its losses, loss weights, way of weighing them and optimiser.

    All their variables are created here. Created in the first step, they would make Keras trace that step twice, which
    is half of a small network's cold start.
    """
    kinds, optimizer = job.architecture.kinds, make_optimizer(job.recipe)
    model = build(job.architecture, job.initial, job.precision, job.seed, masked=True)
    if job.weighting:
        model = WeightedModel(model, job)
        if model.weigher.trainable:
            optimizer.exclude_from_weight_decay(model.weigher.trainable)
    model.compile(
        optimizer=optimizer,
        loss={head_name(i): make_loss(kind, job.regression_loss) for i, kind in enumerate(kinds)},
        loss_weights={head_name(i): weight for i, weight in enumerate(job.loss_weights)},
    )
    model.optimizer.build(model.trainable_variables)
    inputs = {tensor.name: np.zeros((1, *tensor.shape[1:]), job.precision) for tensor in model.inputs}
    row: Any = inputs if len(inputs) > 1 else inputs[ROWS]
    zeros, ones = (
        {head_name(i): fill((1, 1), job.precision) for i in range(len(kinds))} for fill in (np.zeros, np.ones)
    )
    model.compute_loss(row, zeros, model(row), ones, training=False)
    return model
