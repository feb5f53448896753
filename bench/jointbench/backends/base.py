"""What a backend takes and gives: the protocol that PyTorch and TensorFlow both implement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture
from jointbench.records import SEQUENTIAL, ExecutionMode, Stop
from jointbench.types import Float32Array, FloatArray, IntArray, Recipe, Weights

Precision = Literal["float32", "float64"]
Pattern = Literal["sliced", "branched", "hand-written"]
RegressionLoss = Literal["squared", "absolute", "huber"]  # Huber's bends at HUBER_DELTA
HUBER_DELTA = 1.0
Clock = Callable[[], float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """Everything one network needs to be trained: arrays and numbers, no names of data or arms.

    features: (rows, features) or (rows, height, width, channels), the whole table; train, validation and
    test pick its rows. targets and weights: (rows, outputs); a class code or a standardised value, and 0
    where the label is missing. loss_weights: what multiplies each output's mean loss in the total.
    regression_loss: what every regression output is trained and stopped by.
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """What training one Job gave. Losses are (epochs, outputs), each output's own mean loss, the training one
    averaged over the epoch's steps (Keras: over its rows where there is one output, so a short last batch weighs less). epoch_seconds: (epochs,), evaluation excluded, the framework's first-call work
    in the first. weights are the best epoch's.

    predictions: (test rows, units), the heads' raw outputs side by side. failure: why training broke off.
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
    weights: dict[str, npt.NDArray[np.floating]]
    failure: str | None = None


@dataclass(frozen=True, eq=False)
class Stacked:
    """What a stack of jobs gave, in their order; its slots, and the programs compiled for it (0: compiled before)."""

    trained: tuple[Trained, ...]
    slots: int
    compilations: int


@dataclass(frozen=True, eq=False)
class Gradients:
    """Losses and gradients of one batch at one set of weights, by weight name as in ``Weights``.

    total: of the weighted total loss, as the framework's own training forms it. alone: per output, of its loss taken
    by itself, without its weight; zeros where that loss does not reach. losses: (outputs,), unweighted.
    """

    total: Weights
    alone: tuple[Weights, ...]
    total_loss: float
    losses: FloatArray


@dataclass(frozen=True, eq=False)
class TrunkGramians:
    """Inner products of the outputs' trunk gradients (unweighted losses) before some steps of training.

    batch: (steps, outputs, outputs), float64, on the rows of the step itself. broad: the same shape, on given rows.
    """

    batch: FloatArray
    broad: FloatArray


@dataclass(frozen=True, eq=False)
class TrainingHistory:
    """What a network written as in a tutorial reported while it trained, in the precision it works in.

    total: (epochs,), the weighted total loss as its loop prints it; losses: (epochs, outputs), each output's own, not
    weighted; the same on the validation rows after each epoch. gradients: of the first batch's total, by weight name.
    """

    total: FloatArray
    losses: FloatArray
    validation_total: FloatArray
    validation_losses: FloatArray
    gradients: Weights


class Server(Protocol):
    """An arm's networks ready to answer: numpy rows in, one numpy array per network out, synchronised."""

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]: ...


class Trainer(Protocol):
    """An arm's networks ready to train, for timing: one call trains each, one after the other, for ``warm_up`` steps that
    are not clocked (they find the caches as another's turn left them) and ``steps`` that are."""

    warm_up: int

    @property
    def steps(self) -> int:
        """Steps of each network in one call."""
        ...

    def resize(self, steps: int) -> None:
        """From now on a call takes about this many steps of each network; ``steps`` says how many."""
        ...

    def __call__(self, clock: Clock) -> float:
        """Seconds that the steps took, read from ``clock`` after waiting for the device; set-up and evaluation excluded."""
        ...

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        """Each network's weights as they are now."""
        ...

    def steps_counted(self) -> int | None:
        """Steps that the optimisers have counted themselves, over all networks; None where they do not count."""
        ...

    def close(self) -> None:
        """Ends whatever runs behind it."""
        ...


class Backend(Protocol):
    """One framework. Instances live in a worker process of their own."""

    name: str

    def versions(self) -> dict[str, str]:
        """Versions of the framework's packages."""
        ...

    def unusable_reason(self) -> str | None:
        """Why the framework cannot use its device here, with the way out; None when it can."""
        ...

    def synchronise(self) -> None:
        """Waits until the device has done all it was given: no clock is read before that."""
        ...

    def device_peak_bytes(self) -> int | None:
        """The most device memory that this process's tensors took, by the framework's counter; None on the CPU."""
        ...

    def saved_bytes(self, network: Architecture, weights: Weights) -> int:
        """Bytes of the trained network as the file that the framework's users keep."""
        ...

    def fit(self, job: Job) -> Trained:
        """Trains one network with the framework's stock loop."""
        ...

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        """Trains jobs of one architecture and recipe together, each as if alone."""
        ...

    def trainer(self, jobs: Sequence[Job], steps: int, path: ExecutionMode = "stock loop") -> Trainer:
        """The jobs ready to be trained by the ``stock loop`` or by the ``engine``, one replicate at a time."""
        ...

    def unavailable_reason(self, path: ExecutionMode) -> str | None:
        """Why this framework has no such way to answer requests; None where it has."""
        ...

    def server(self, networks: Sequence[tuple[Architecture, Weights]], path: ExecutionMode = SEQUENTIAL) -> Server:
        """The networks ready to answer: ``in turn``, ``fused`` into one program, ``compiled``, or by ``predict``."""
        ...

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        """The loops as tutorials have them, by name: the best seconds of ``repeats`` epochs after a first one."""
        ...

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        """FLOPs of one training step and one prediction, ``{"train", "inference"}``, by the framework's own counter."""
        ...

    def steps(self, job: Job, count: int) -> dict[str, npt.NDArray[np.floating]]:
        """Weights after ``count`` optimisation steps from the job's initial weights (for the contract tests)."""
        ...

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        """Losses and gradients on these rows at the job's initial weights."""
        ...

    def trunk_gramians(self, job: Job, at: Sequence[int], rows: IntArray) -> TrunkGramians:
        """Trains the job and looks at its trunk's gradients before each of the steps ``at`` (ascending)."""
        ...

    def weighting_methods(self) -> Mapping[str, str | None]:
        """The methods that set loss weights by themselves, and why one cannot run here (None where it can)."""
        ...

    def fit_weighted(self, job: Job, method: str) -> Trained:
        """Trains one network with a method, or with ``fixed`` weights as the stock loop does."""
        ...

    def weighted_steps(self, job: Job, method: str, steps: int) -> Callable[[Clock], float]:
        """A method's steps, for timing: each call takes so many and gives their seconds, after waiting for the device."""
        ...

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        """Trains the job's network as tutorials write it, for all the recipe's epochs, and gives what that reports.

        sliced: one linear layer as wide as all outputs, cut into columns (heads of one layer only). branched: a head an
        output and the library's losses. hand-written: the same, with the losses and the step spelt out. Every label
        must be known.
        """
        ...

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        """What each network's trunk makes of the rows: per network and trunk layer (pooled convolutions first), (rows, units)."""
        ...
