"""A Keras model whose `fit` minimises a weighted total that changes in training, and validates with the plain one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import keras
import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.losses_and_optimizers import make_loss
from jointbench.backends.tensorflow.networks import head_name
from jointbench.backends.tensorflow.weighting.dynamic_average import DynamicAverage
from jointbench.backends.tensorflow.weighting.uncertainty import Uncertainty
from jointbench.types import Weighting


class Weigher(Protocol):
    """A method's state. trainable: its variables that the network's optimiser trains, without weight decay."""

    trainable: list[Any]

    def __call__(self, losses: Any) -> Any:
        """What a step minimises, from the outputs' losses times their loss weights, (outputs,)."""
        ...


WEIGHERS: Mapping[Weighting, Callable[[Job], Weigher]] = {"uw": Uncertainty, "dwa": DynamicAverage}


class WeightedModel(keras.Model):  # type: ignore[misc]  # keras ships no types
    """A functional model that shares the layers of another. `compute_loss` is where Keras lets users choose the total."""

    def __init__(self, model: Any, job: Job) -> None:
        super().__init__(inputs=model.input, outputs=model.output, name=model.name)
        self.weigher = WEIGHERS[job.weighting](job)
        kinds = job.architecture.kinds
        self.losses_by_head = {head_name(i): make_loss(kind, job.regression_loss) for i, kind in enumerate(kinds)}
        self.fixed_weights = tf.constant(job.loss_weights, job.precision)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The plain total, of which Keras keeps each output's own loss; in training the method's in its place."""
        plain = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return plain
        heads = self.losses_by_head.items()
        losses = [loss(y[name], y_pred[name], sample_weight=sample_weight[name]) for name, loss in heads]
        own = tf.add_n(self.losses) if self.losses else 0.0  # of regularisers in a user's own trunk
        return self.weigher(tf.stack(losses) * self.fixed_weights) + own

    @property
    def trainable_variables(self) -> list[Any]:
        """Those of the layers, then the method's, which are no weights of the network: Keras does not save them."""
        return [*super().trainable_variables, *self.weigher.trainable]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables
