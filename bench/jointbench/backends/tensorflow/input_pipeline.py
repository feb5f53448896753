"""A job's rows as `tf.data`: the same batches in the same order as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.networks import ROWS, head_name, mask_name
from jointbench.networks.dropout import kept_scale
from jointbench.networks.initialization import epoch_order


class BatchPipeline:
    """The job's arrays on the device, and batches of their rows."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.features = tf.constant(job.features, dtype=job.precision)
        columns = range(len(job.architecture.kinds))
        self.targets = {head_name(i): tf.constant(job.targets[:, i : i + 1], dtype=job.precision) for i in columns}
        self.weights = {head_name(i): tf.constant(job.weights[:, i : i + 1], dtype=job.precision) for i in columns}

    def whole_masks(self, features: Any) -> Any:
        """Features as the model in training takes them, with nothing dropped."""
        dropped = self.job.architecture.dropped
        if not dropped:
            return features
        ones = {mask_name(layer): tf.ones((tf.shape(features)[0], layer.units), features.dtype) for layer in dropped}
        return {ROWS: features, **ones}

    def gather(self, rows: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """(features, targets, sample weights) of these rows, as Keras takes them."""
        return (
            tf.gather(self.features, rows),
            {name: tf.gather(column, rows) for name, column in self.targets.items()},
            {name: tf.gather(column, rows) for name, column in self.weights.items()},
        )

    def batches(self, first_epoch: int, epochs: int) -> Any:
        """Shuffled training batches of these epochs in turn. The last batch of an epoch may be short."""
        train = self.job.train
        if self.job.architecture.dropped:
            return self._masked_batches(first_epoch, epochs)

        def orders() -> Any:
            for epoch in range(first_epoch, first_epoch + epochs):
                yield train[epoch_order(self.job.seed, epoch, len(train))]

        per_epoch = tf.data.Dataset.from_generator(orders, output_signature=tf.TensorSpec((len(train),), tf.int64))
        size = self.job.recipe.batch_size
        return (
            per_epoch.flat_map(lambda order: tf.data.Dataset.from_tensor_slices(order).batch(size))
            .map(self.gather)
            .prefetch(2)
        )

    def _masked_batches(self, first_epoch: int, epochs: int) -> Any:
        """As ``batches`` has them, with the masks of each row beside its features."""
        train, dropped = self.job.train, self.job.architecture.dropped
        scale = kept_scale(self.job.architecture)

        def visits() -> Any:
            for epoch in range(first_epoch, first_epoch + epochs):
                yield train[epoch_order(self.job.seed, epoch, len(train))], self.job.masks(epoch)

        def with_masks(rows: Any, masks: dict[str, Any]) -> Any:
            features, targets, weights = self.gather(rows)
            scaled = {mask_name(layer): tf.cast(masks[layer.name], features.dtype) * scale for layer in dropped}
            return {ROWS: features, **scaled}, targets, weights

        shapes = {layer.name: tf.TensorSpec((len(train), layer.units), tf.bool) for layer in dropped}
        per_epoch = tf.data.Dataset.from_generator(
            visits, output_signature=(tf.TensorSpec((len(train),), tf.int64), shapes)
        )
        size = self.job.recipe.batch_size
        return (
            per_epoch.flat_map(lambda order, masks: tf.data.Dataset.from_tensor_slices((order, masks)).batch(size))
            .map(with_masks)
            .prefetch(2)
        )

    def whole(self, rows: np.ndarray[Any, Any]) -> Any:
        """All these rows as one batch, with nothing dropped."""

        def unmasked(batch: Any) -> Any:
            features, targets, weights = self.gather(batch)
            return self.whole_masks(features), targets, weights

        return tf.data.Dataset.from_tensors(rows).map(unmasked).cache()
