"""The stock Keras loop: `compile`, `fit`, `EarlyStopping`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.checkpoints import joined_answers
from jointbench.backends.early_stopping import after_epoch, initial_state
from jointbench.backends.tensorflow.compiled_model import compiled
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.networks import head_name, read_weights
from jointbench.backends.training_log import TrainingLog
from jointbench.types import FloatArray


class EpochSeconds(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Seconds of each epoch without validation, by a clock that waits for the device."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.seconds: list[float] = []
        self.ended: float | None = None

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        if batch == 0:
            self.started, self.ended = self.clock(), None

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch == self.params["steps"] - 1:
            self.ended = self.clock()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        ended = self.clock() if self.ended is None else self.ended  # a loss that is not finite ends an epoch early
        self.seconds.append(ended - self.started)


class StopAtFailure(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Ends `fit` after a validation loss that is not finite. `TerminateOnNaN` looks at training losses alone."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not math.isfinite((logs or {}).get("val_loss", 0.0)):
            self.model.stop_training = True


class OutputStopping(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Ends `fit` when no output improves any more, and keeps the weights of each one's best epoch in ``checkpoints``."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job, self.state = job, initial_state(len(job.loss_weights))

    def on_train_begin(self, logs: object = None) -> None:
        self.checkpoints = [self.model.get_weights()] * len(self.job.loss_weights)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        history = {name: [value] for name, value in (logs or {}).items()}
        (losses,) = _loss_curve(history, "val_", self.job)
        self.state, improved = after_epoch(self.state, losses, np.float64(history["val_loss"][0]), self.job.recipe)
        if improved.any():
            weights = self.model.get_weights()
            for output in np.flatnonzero(improved):
                self.checkpoints[output] = weights
        if not self.state.training:
            self.model.stop_training = True


def steps_per_epoch(job: Job) -> int:
    return math.ceil(len(job.train) / job.recipe.batch_size)


def fit(job: Job, clock: Clock) -> Trained:
    """Trains until Keras's early stopping or a loss that is not finite.

    The result has the weights of the best epoch, or of each output's own. clock: waits for the device before it is read.
    """
    model = compiled(job)
    rows = BatchPipeline(job)
    epoch_seconds = EpochSeconds(clock)
    stopping = _early_stopping(job)
    history = model.fit(
        rows.batches(0, job.recipe.max_epochs),
        steps_per_epoch=steps_per_epoch(job),
        epochs=job.recipe.max_epochs,
        validation_data=rows.whole(job.validation),
        callbacks=[epoch_seconds, stopping, keras.callbacks.TerminateOnNaN(), StopAtFailure()],
        shuffle=False,
        verbose=0,
    ).history
    log = TrainingLog(job)
    curves = zip(_loss_curve(history, "", job), _loss_curve(history, "val_", job), history["val_loss"], strict=True)
    for train, validation, total in curves:
        log.add(train, validation, total)
    tested, answers, checkpoints = rows.whole_masks(tf.gather(rows.features, job.test)), [], []
    for weights in stopping.checkpoints if isinstance(stopping, OutputStopping) else (None,):
        if weights is not None:
            model.set_weights(weights)
        by_head = model(tested, training=False)
        answers.append(np.concatenate([by_head[head_name(i)].numpy() for i in range(len(job.loss_weights))], axis=1))
        checkpoints.append(read_weights(job.architecture, model))
    return log.trained(joined_answers(job.architecture, answers), checkpoints, epoch_seconds.seconds)


def _early_stopping(job: Job) -> keras.callbacks.Callback:
    """Keras's own, which restores the best epoch; or of each output."""
    if job.recipe.checkpoint == "output":
        return OutputStopping(job)
    return keras.callbacks.EarlyStopping(monitor="val_loss", patience=job.recipe.patience, restore_best_weights=True)


def _loss_curve(history: dict[str, list[float]], prefix: str, job: Job) -> FloatArray:
    """Each output's unweighted loss, (epochs, outputs), from Keras's history. prefix: "val_" for validation."""
    names = [head_name(i) for i in range(len(job.loss_weights))]
    if len(names) == 1:  # then Keras records the weighted total alone
        return np.array(history[f"{prefix}loss"])[:, None] / job.loss_weights[0]
    return np.stack([history[f"{prefix}{name}_loss"] for name in names], axis=1)


def take_steps(job: Job, count: int) -> dict[str, Any]:
    """Weights after ``count`` steps of `train_on_batch` over the job's batches."""
    model = compiled(job)
    rows = BatchPipeline(job)
    passes = math.ceil(count / steps_per_epoch(job))
    batches: Callable[[], Any] = rows.batches(0, passes).__iter__
    for features, targets, weights in itertools.islice(batches(), count):
        model.train_on_batch(features, targets, sample_weight=weights)
    return read_weights(job.architecture, model)
