"""The job's losses and optimiser, from Keras."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from jointbench.backends.base import HUBER_DELTA, Job, RegressionLoss
from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Kind, Recipe


def make_loss(kind: Kind, regression_loss: RegressionLoss) -> Any:
    """The loss of one output: sum(weight x loss) / sum(weight) over the rows; cross-entropies take logits."""
    if kind == "regression":
        if regression_loss == "absolute":
            return keras.losses.MeanAbsoluteError(reduction="mean_with_sample_weight")
        if regression_loss == "huber":
            return keras.losses.Huber(HUBER_DELTA, reduction="mean_with_sample_weight")
        return keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    if kind == "binary":
        return keras.losses.BinaryCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")


def make_optimizer(recipe: Recipe) -> Any:
    """SGD, Adam or AdamW, with decoupled weight decay before the update, as in Loshchilov & Hutter (2019)."""
    decay = recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(recipe.learning_rate, weight_decay=decay)
    beta_1, beta_2 = ADAM_BETAS
    return keras.optimizers.Adam(
        recipe.learning_rate, beta_1, beta_2, ADAM_EPSILON, weight_decay=decay if recipe.optimizer == "adamw" else None
    )


@contextmanager
def precision(job: Job) -> Iterator[None]:
    """Sets Keras's default float type: losses, metrics and optimiser state follow it, and not the layers' type."""
    before = keras.config.floatx()
    keras.config.set_floatx(job.precision)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
