"""The training loop of Keras tutorials: `fit` on arrays with its defaults. Only for comparison."""

from __future__ import annotations

import time
from typing import Any

import keras

from jointbench.backends.base import Job
from jointbench.backends.tensorflow.networks import functional, head_name


class _EpochSeconds(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self.started)


def keras_fit(job: Job, repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` epochs over the job's training rows, after a first one that traces."""
    model: Any = functional(job.architecture)
    losses = {"regression": "mse", "binary": keras.losses.BinaryCrossentropy(from_logits=True)}
    names = [head_name(i) for i in range(len(job.architecture.kinds))]
    model.compile(
        optimizer="adam", loss={name: losses[kind] for name, kind in zip(names, job.architecture.kinds, strict=True)}
    )
    epoch_seconds = _EpochSeconds()
    model.fit(
        job.features[job.train],
        {name: job.targets[job.train, i] for i, name in enumerate(names)},
        batch_size=job.recipe.batch_size,
        epochs=repeats + 1,
        verbose=0,
        callbacks=[epoch_seconds],
    )
    return min(epoch_seconds.seconds[1:])
