"""The epochs of one network in training, and the result that they add up to."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Trained
from jointbench.backends.early_stopping import after_epoch, choose, initial_state
from jointbench.records import Stop
from jointbench.types import FloatArray


class TrainingLog:
    """One job's loss curves and its early stopping. A loss that is not finite is a failure and ends training."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.stopping = initial_state()
        self.train: list[FloatArray] = []
        self.validation: list[FloatArray] = []
        self.best_epoch = 0
        self.failure: str | None = None

    @property
    def epochs(self) -> int:
        return len(self.train)

    @property
    def training(self) -> bool:
        """Whether another epoch is due."""
        return self.failure is None and bool(self.stopping.training)

    def add(self, train: FloatArray, validation: FloatArray, total: float) -> bool:
        """Adds an epoch; returns whether it is the best so far.

        train, validation: (outputs,), unweighted. total: weighted validation loss, in the job's precision.
        """
        self.train.append(train)
        self.validation.append(validation)
        if not np.isfinite([*train, *validation, total]).all():
            self.failure = f"the loss is not finite in epoch {self.epochs}"
            return False
        self.stopping, improved = after_epoch(self.stopping, total, self.job.recipe, choose)
        if improved:
            self.best_epoch = self.epochs - 1
        return bool(improved)

    def trained(
        self,
        predictions: npt.NDArray[np.floating],
        weights: dict[str, npt.NDArray[np.floating]],
        epoch_seconds: list[float],
    ) -> Trained:
        """The result. predictions, weights: of the best epoch. epoch_seconds: empty where epochs were not timed."""
        ran_out = self.failure is None and self.stopping.waited >= max(self.job.recipe.patience, 1)
        stopped_by: Stop = "patience" if ran_out else "limit"
        return Trained(
            epochs=self.epochs,
            best_epoch=self.best_epoch,
            steps=self.epochs * math.ceil(len(self.job.train) / self.job.recipe.batch_size),
            rows_seen=self.epochs * len(self.job.train),
            epoch_seconds=np.maximum(np.array(epoch_seconds, np.float64), 0),
            stopped_by=stopped_by,
            train_loss=np.array(self.train),
            validation_loss=np.array(self.validation),
            predictions=predictions.astype(np.float32),
            weights=weights,
            failure=self.failure,
        )
