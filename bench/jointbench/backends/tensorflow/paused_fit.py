"""Keras `fit`, held between epochs, so that two models' steps can be timed in turns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from jointbench.backends.base import Clock, Job
from jointbench.backends.tensorflow.networks import build
from jointbench.backends.tensorflow.rows import Rows
from jointbench.backends.tensorflow.training import compiled
from jointbench.measure.synchronised import synchronised

ENDLESS = 1_000_000


class _Gate(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Lets one epoch through at a time and reads the clock at its first and last step."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: queue.SimpleQueue[Clock | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[float | BaseException] = queue.SimpleQueue()
        self.clock: Clock | None = None

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.clock = self.orders.get()
        if self.clock is None:
            raise _Over

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        if batch == 0 and self.clock is not None:
            self.started = self.clock()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        # Only at the epoch's end: reading it waits for the device. Keras turns each step's loss into numpy, but the
        # step's update may still be on its way then.
        if self.clock is not None and batch == self.params["steps"] - 1:
            self.ended = self.clock()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.results.put(self.ended - self.started)


class _Over(Exception):
    """Ends a held `fit`."""


class PausedFit:
    """One model in an endless `fit` whose epochs are ``steps`` steps, each let through by a call.

    `fit` runs in a thread that sleeps between calls: what `fit` costs once (iterators, tracing) is paid once,
    and one model's step never overlaps another's.
    """

    def __init__(self, job: Job, device: str, steps: int) -> None:
        self.steps = steps
        self.gate = _Gate()
        self.thread = threading.Thread(target=self._fit, args=(job, device), daemon=True)
        self.thread.start()

    def _fit(self, job: Job, device: str) -> None:
        try:
            with tf.device(device):
                model: Any = compiled(job, build(job.architecture, job.initial, job.precision))
                batches = Rows(job).batches(0, ENDLESS)
                model.fit(
                    batches, steps_per_epoch=self.steps, epochs=ENDLESS, shuffle=False, verbose=0,
                    callbacks=[self.gate],
                )
        except _Over:
            return
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who is waiting for a result
            self.gate.results.put(error)

    def __call__(self, clock: Clock) -> float:
        """Seconds of the next ``steps`` steps."""
        self.gate.orders.put(clock)
        result = self.gate.results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        self.gate.orders.put(None)
        self.thread.join()


class StockTrainer:
    """An arm's models, trained one after the other."""

    def __init__(self, jobs: list[Job], device: str, steps: int, synchronise: Callable[[], None]) -> None:
        self.synchronise = synchronise
        self.fits = [PausedFit(job, device, steps) for job in jobs]

    def __call__(self, clock: Clock) -> float:
        waiting = synchronised(self.synchronise, clock)
        return sum(fit(waiting) for fit in self.fits)

    def close(self) -> None:
        for fit in self.fits:
            fit.close()
