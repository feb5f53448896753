"""A job's rows as `tf.data`: the same batches in the same order as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.networks import head_name
from jointbench.networks.initialization import epoch_order


class BatchPipeline:
    """The job's arrays on the device, and batches of their rows."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.features = tf.constant(job.features, dtype=job.precision)
        columns = range(len(job.architecture.kinds))
        self.targets = {head_name(i): tf.constant(job.targets[:, i : i + 1], dtype=job.precision) for i in columns}
        self.weights = {head_name(i): tf.constant(job.weights[:, i : i + 1], dtype=job.precision) for i in columns}

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

    def whole(self, rows: np.ndarray[Any, Any]) -> Any:
        """All these rows as one batch."""
        return tf.data.Dataset.from_tensors(rows).map(self.gather).cache()
