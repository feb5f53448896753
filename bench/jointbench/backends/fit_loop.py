"""The one loop over epochs. A framework brings a ``StepLoop``, which holds the network and takes its steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.checkpoints import joined_answers
from jointbench.backends.training_log import TrainingLog
from jointbench.types import FloatArray


class Batches(Protocol):
    """Rows to train on."""

    def batches(self, epoch: int) -> Iterator[Any]:
        """The epoch's batches of rows, on the device. Asked for one epoch after the other."""
        ...


class StepLoop(Batches, Protocol):
    """One network, its optimiser and its data, in one framework."""

    job: Job

    def step(self, rows: Any) -> Any:
        """Takes one optimisation step; returns the losses before it, (outputs,), on the device."""
        ...

    def mean(self, losses: Sequence[Any]) -> FloatArray:
        """The mean of several steps' losses, (outputs,)."""
        ...

    def validate(self) -> tuple[FloatArray, float]:
        """Each output's mean loss on the validation rows, (outputs,), and their weighted sum in the job's precision."""
        ...

    def snapshot(self) -> Any:
        """A copy of the network's weights as they are now, in whatever form ``restore`` takes."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Puts a snapshot's weights back."""
        ...

    def read_weights(self) -> dict[str, npt.NDArray[np.floating]]:
        """The network's weights as they are now, by weight name."""
        ...

    def predict(self) -> npt.NDArray[np.floating]:
        """Raw outputs on the test rows, (test rows, units), with the weights as they are now."""
        ...


def fit_loop(loop: StepLoop, clock: Clock) -> Trained:
    """Trains until early stopping or a failure; the result has the weights of the best epoch, or of each output's own.

    clock: waits for the device before it is read.
    """
    log, seconds = TrainingLog(loop.job), []
    best = [loop.snapshot()] * len(log.best_epochs)
    while log.training:
        started = clock()
        train = loop.mean([loop.step(rows) for rows in loop.batches(log.epochs)])
        seconds.append(clock() - started)
        improved = log.add(train, *loop.validate())
        if improved.any():
            snapshot = loop.snapshot()
            best = [snapshot if better else before for better, before in zip(improved, best, strict=True)]
    answers, checkpoints = [], []
    for snapshot in best:
        loop.restore(snapshot)
        answers.append(loop.predict())
        checkpoints.append(loop.read_weights())
    return log.trained(joined_answers(loop.job.architecture, answers), checkpoints, seconds)


def endless_batches(loop: Batches) -> Iterator[Any]:
    """The batches of all epochs, one after the other."""
    return itertools.chain.from_iterable(map(loop.batches, itertools.count()))
