"""What a backend takes and returns: jobs, results, and networks that are ready to predict or to train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture
from jointbench.networks.dropout import Masks, epoch_masks
from jointbench.records import CopiedBytes, Stop
from jointbench.types import Float32Array, FloatArray, IntArray, Recipe, Weighting, Weights

Precision = Literal["float32", "float64"]
Pattern = Literal["sliced", "branched", "hand-written"]
RegressionLoss = Literal["squared", "absolute", "huber"]  # Huber's is linear beyond HUBER_DELTA
HUBER_DELTA = 1.0
MEMORY_BUDGET_BYTES = 256 * 2**20  # of weights, optimiser state and activations of a stack on the processor
Clock = Callable[[], float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """Everything one network needs to be trained: arrays and numbers, no names of data or arms.

    features: (rows, features) or (rows, height, width, channels), the whole table. train, validation, test: row
    numbers. targets: (rows, outputs), a class code or a standardised value. weights: (rows, outputs), 0 where the label
    is missing. loss_weights: what multiplies each output's mean loss in the total. regression_loss: the loss of every
    regression output, in training and in early stopping. dropout_seed: beside ``seed``, of dropout masks.
    """

    architecture: Architecture
    recipe: Recipe
    features: npt.NDArray[np.floating]
    targets: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]
    train: IntArray
    validation: IntArray
    test: IntArray
    loss_weights: tuple[float, ...]
    initial: Weights
    seed: int
    precision: Precision = "float32"
    regression_loss: RegressionLoss = "squared"
    dropout_seed: int = 0

    def masks(self, epoch: int) -> Masks:
        """The dropout masks of an epoch over the training rows; none where nothing is dropped."""
        return epoch_masks(self.architecture, (self.seed, self.dropout_seed), epoch, len(self.train))

    @property
    def weighting(self) -> Weighting:
        """The method that weighs the losses; none of a single output, whose loss has nothing to be weighed against."""
        return self.recipe.weighting if len(self.architecture.heads) > 1 else ""

    def require_squared_loss(self, user: str) -> None:
        """Raises ValueError where a regression output has another loss. user: what is written for squared errors."""
        if self.regression_loss != "squared" and "regression" in self.architecture.kinds:
            raise ValueError(f"{user} needs squared errors; the job's regression loss is {self.regression_loss!r}")

    def require_no_dropout(self, user: str) -> None:
        """Raises ValueError where units are dropped. user: what trains without masks."""
        if self.architecture.dropped:
            raise ValueError(f"{user} drops no units; the job's dropout is {self.architecture.dropout:g}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """The result of training one job.

    best_epoch: the last of those whose weights are kept; best_epochs: of each output, where each has its own.
    train_loss, validation_loss: (epochs, outputs), each output's own mean loss. The training loss is averaged over the
    epoch's steps (in Keras over its rows where there is one output, so a short last batch weighs less).
    epoch_seconds: (epochs,), without evaluation; the first includes the framework's first-call work. predictions: (test
    rows, units), the heads' raw outputs side by side, each of its best epoch. checkpoints: the weights of the best epoch, or by
    output of its own. failure: why training broke off.
    """

    epochs: int
    best_epoch: int
    steps: int
    rows_seen: int
    epoch_seconds: FloatArray
    stopped_by: Stop
    train_loss: FloatArray
    validation_loss: FloatArray
    predictions: Float32Array
    checkpoints: tuple[dict[str, npt.NDArray[np.floating]], ...]
    best_epochs: tuple[int, ...] = ()
    failure: str | None = None

    @property
    def weights(self) -> dict[str, npt.NDArray[np.floating]]:
        """Those of the best epoch, where there is one for the whole network."""
        (weights,) = self.checkpoints
        return weights


@dataclass(frozen=True, eq=False)
class Stacked:
    """The results of a stack of jobs, in their order.

    slots: networks trained at a time. compilations: programs compiled for this stack, 0 if an earlier one was used.
    memory_budget_bytes: what the stack was allowed to take. eager_reason: why an accelerator was told of each operation
    anew, because it could not replay the steps as a graph; empty where it could, and where there is none.
    """

    trained: tuple[Trained, ...]
    slots: int
    compilations: int
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES
    eager_reason: str = ""


@dataclass(frozen=True, eq=False)
class Gradients:
    """Losses and gradients of one batch at one set of weights; gradients by weight name, as in ``Weights``.

    total: gradient of the weighted total loss, as the framework's own training computes it. alone: per output, the
    gradient of its unweighted loss; zeros for weights that it does not depend on. losses: (outputs,), unweighted.
    """

    total: Weights
    alone: tuple[Weights, ...]
    total_loss: float
    losses: FloatArray


@dataclass(frozen=True, eq=False)
class TrunkGramians:
    """Inner products of the outputs' trunk gradients (unweighted losses) before some steps of training.

    batch: (steps, outputs, outputs), float64, on the rows of the step itself. large_batch: the same, on given rows.
    """

    batch: FloatArray
    large_batch: FloatArray


@dataclass(frozen=True, eq=False)
class TrainingHistory:
    """What a network written as in a tutorial reported while it trained, in its own precision.

    total: (epochs,), the weighted total loss as its loop prints it. losses: (epochs, outputs), each output's own,
    unweighted. validation_total, validation_losses: the same on the validation rows after each epoch. gradients: those
    of the first batch's total, by weight name.
    """

    total: FloatArray
    losses: FloatArray
    validation_total: FloatArray
    validation_losses: FloatArray
    gradients: Weights


class Server(Protocol):
    """An arm's networks ready to predict: numpy rows in, one numpy array per network out, after the device is done."""

    def __call__(self, rows: Float32Array, /) -> list[npt.NDArray[np.floating]]: ...


@runtime_checkable
class CopyingServer(Server, Protocol):
    """A server that may copy rows and answers, and says how much."""

    @property
    def copied(self) -> CopiedBytes | None:
        """What the last request copied; None where nothing is, as on the CPU."""
        ...


class Trainer(Protocol):
    """An arm's networks ready to train, for timing.

    One call trains each network in turn: first ``warm_up`` steps, which are not timed because the caches hold another
    network's data, then ``steps`` timed steps.
    """

    warm_up: int

    @property
    def steps(self) -> int:
        """Steps of each network in one call."""
        ...

    def resize(self, steps: int) -> None:
        """Makes a call take about this many steps of each network; ``steps`` is the exact number."""
        ...

    def __call__(self, clock: Clock) -> float:
        """Seconds of the timed steps alone. ``clock`` is read after waiting for the device."""
        ...

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        """Each network's weights as they are now."""
        ...

    def steps_counted(self) -> int | None:
        """Steps of all networks by the optimisers' own counters; None where they have none."""
        ...

    def close(self) -> None:
        """Ends the threads behind it, if there are any."""
        ...
