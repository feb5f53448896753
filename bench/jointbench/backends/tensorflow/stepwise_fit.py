"""Keras `fit`, paused between steps, so that the steps of two models can be timed in turn."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import Clock, Job
from jointbench.backends.tensorflow.compiled_model import compiled
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.losses_and_optimizers import precision
from jointbench.backends.tensorflow.networks import read_weights
from jointbench.measure.device_clock import device_clock

ENDLESS = 1_000_000
WARM_UP = 1  # steps of a call before the clock is read


class StepGate(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Pauses `fit` until a number of steps is ordered; times all but the first WARM_UP of them."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: queue.SimpleQueue[tuple[Clock, int] | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[float | BaseException] = queue.SimpleQueue()
        self.left = 0

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        if batch == 1:  # not earlier: the threads that feed `fit` would be started on the same core
            keep_on_one_core()
        if self.left == 0:
            order = self.orders.get()
            if order is None:
                raise StopFit
            self.clock, self.timed_steps = order
            self.left = WARM_UP + self.timed_steps
        if self.left == self.timed_steps:
            self.started = self.clock()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.left -= 1
        if self.left == 0:
            # Read after the last step only, because reading waits for the device. That each step's loss is in numpy by
            # now is not enough: the update may still be running.
            self.results.put(self.clock() - self.started)


def keep_on_one_core() -> None:
    """Pins the calling thread to the first core that it may use. Does nothing on systems other than Linux.

    Two unpinned threads stay on different cores for several blocks, so that the load of these cores distorts the ratio.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # a sandbox may forbid it
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class StopFit(Exception):
    """Ends a paused `fit`."""


class StepwiseFit:
    """One model in an endless `fit`, of which each call runs a few steps.

    `fit` runs in a thread that sleeps between calls. So its set-up (iterators, tracing) happens once, and the steps of
    two models never overlap.
    """

    def __init__(self, job: Job, device: str) -> None:
        self.job = job
        with tf.device(device), precision(job):
            self.model: Any = compiled(job)
            self.batches = BatchPipeline(job).batches(0, ENDLESS)
        self.gate = StepGate()
        self.thread = threading.Thread(target=self._fit, args=(device,), daemon=True)
        self.thread.start()

    def _fit(self, device: str) -> None:
        try:
            with tf.device(device):
                self.model.fit(
                    self.batches, steps_per_epoch=ENDLESS, epochs=1, shuffle=False, verbose=0, callbacks=[self.gate]
                )
        except StopFit:
            return
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for a result
            self.gate.results.put(error)

    def __call__(self, clock: Clock, steps: int) -> float:
        """Seconds of ``steps`` steps, after WARM_UP steps that are not timed."""
        self.gate.orders.put((clock, steps))
        result = self.gate.results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        self.gate.orders.put(None)
        self.thread.join()


class StockTrainer:
    """An arm's models, trained one after the other."""

    warm_up = WARM_UP

    def __init__(self, jobs: list[Job], device: str, steps: int, synchronise: Callable[[], None]) -> None:
        self.steps, self.synchronise = steps, synchronise
        self.fits = [StepwiseFit(job, device) for job in jobs]

    def resize(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, clock: Clock) -> float:
        waiting_clock = device_clock(self.synchronise, clock)
        return sum(fit(waiting_clock, self.steps) for fit in self.fits)

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        return [read_weights(fit.job.architecture, fit.model) for fit in self.fits]

    def steps_counted(self) -> int:
        return sum(int(fit.model.optimizer.iterations.numpy()) for fit in self.fits)

    def close(self) -> None:
        for fit in self.fits:
            fit.close()
