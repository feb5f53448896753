"""The epochs of one network in training, and the result that they add up to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Trained
from jointbench.backends.early_stopping import after_epoch, checkpoints_kept, initial_state
from jointbench.records import Stop
from jointbench.types import FloatArray


class TrainingLog:
    """One job's loss curves and its early stopping. A loss that is not finite is a failure and ends training."""

    def __init__(self, job: Job) -> None:
        self.job = job
        kept = checkpoints_kept(job.recipe, len(job.loss_weights))
        self.stopping = initial_state(kept)
        self.train: list[FloatArray] = []
        self.validation: list[FloatArray] = []
        self.best_epochs = np.zeros(kept, np.int64)
        self.failure: str | None = None

    @property
    def epochs(self) -> int:
        return len(self.train)

    @property
    def training(self) -> bool:
        """Whether another epoch is due."""
        return self.failure is None and bool(self.stopping.training)

    def add(self, train: FloatArray, validation: FloatArray, total: float) -> npt.NDArray[np.bool_]:
        """Adds an epoch; returns for each checkpoint whether it is the best so far.

        train, validation: (outputs,), unweighted. total: weighted validation loss, in the job's precision.
        """
        self.train.append(train)
        self.validation.append(validation)
        if not np.isfinite([*train, *validation, total]).all():
            self.failure = f"the loss is not finite in epoch {self.epochs}"
            return np.zeros(len(self.best_epochs), np.bool_)
        self.stopping, improved = after_epoch(self.stopping, validation, np.float64(total), self.job.recipe)
        self.best_epochs[improved] = self.epochs - 1
        return np.asarray(improved)

    def trained(
        self,
        predictions: npt.NDArray[np.floating],
        checkpoints: Sequence[dict[str, npt.NDArray[np.floating]]],
        epoch_seconds: list[float],
    ) -> Trained:
        """The result. predictions, checkpoints: of the best epochs. epoch_seconds: empty where epochs were not timed."""
        ran_out = self.failure is None and bool(self.stopping.waited >= max(self.job.recipe.patience, 1))
        by_output = self.job.recipe.checkpoint == "output"
        stopped_by: Stop = "patience" if ran_out else "limit"
        return Trained(
            epochs=self.epochs,
            best_epoch=int(self.best_epochs.max()),
            steps=self.epochs * math.ceil(len(self.job.train) / self.job.recipe.batch_size),
            rows_seen=self.epochs * len(self.job.train),
            epoch_seconds=np.maximum(np.array(epoch_seconds, np.float64), 0),
            stopped_by=stopped_by,
            train_loss=np.array(self.train),
            validation_loss=np.array(self.validation),
            predictions=predictions.astype(np.float32),
            checkpoints=tuple(checkpoints),
            best_epochs=tuple(self.best_epochs.tolist()) if by_output else (),
            failure=self.failure,
        )
