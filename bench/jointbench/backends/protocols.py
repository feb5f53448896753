"""What a framework must be able to do, and what it may: one protocol for each kind of caller.

A function takes the narrowest of them that has what it calls, or ``Backend`` if it needs several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import (
    Gradients,
    Job,
    Pattern,
    Server,
    Stacked,
    Trained,
    Trainer,
    TrainingHistory,
    TrunkGramians,
)
from jointbench.backends.own_trunk import TrunkReading
from jointbench.networks.architecture import Architecture
from jointbench.networks.own_trunk import TrunkFunction
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.types import Float32Array, IntArray, Weights


class TrainingBackend(Protocol):
    """Trains networks."""

    name: str

    def fit(self, job: Job) -> Trained:
        """Trains one network with the framework's stock loop, its losses weighed as the job says. Which ways of weighing a
        backend can train, the registry knows."""
        ...

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        """Trains jobs of one architecture and recipe together, each as if alone. Loss weights are fixed."""
        ...

    def steps(self, job: Job, count: int) -> dict[str, npt.NDArray[np.floating]]:
        """Weights after ``count`` optimisation steps of the stock loop from the job's initial weights."""
        ...


class ServingBackend(Protocol):
    """Answers requests with trained networks."""

    name: str

    def synchronise(self) -> None:
        """Waits until the device has finished all its work. Call it before reading a clock."""
        ...

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        """Why this framework cannot serve in this mode on its device; None where it can."""
        ...

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        """The networks ready to predict: ``in turn``, ``fused`` into one program, ``compiled``, by ``predict``, or what else
        ``ExecutionMode`` has."""
        ...


class TimingBackend(Protocol):
    """Takes training steps so that they can be timed."""

    name: str

    def synchronise(self) -> None:
        """Waits until the device has finished all its work. Call it before reading a clock."""
        ...

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        """The jobs ready to be trained for timing, by the ``stock loop`` or the ``engine``, one network at a time."""
        ...


class MemoryBackend(Protocol):
    """Measures what networks take up."""

    def device_peak_bytes(self) -> int | None:
        """Peak device memory of this process's tensors, by the framework's counter; None on the CPU."""
        ...

    def saved_bytes(self, network: Architecture, weights: Weights) -> int:
        """Size of the file that the framework's users save the network as."""
        ...


class ExportingBackend(Protocol):
    """Writes networks for services that do not have jointbench."""

    name: str

    def exported(self, network: Architecture, weights: Weights) -> bytes:
        """The file of the network, on the CPU, as the framework's users load it: TorchScript, or a `.keras` archive."""
        ...


class FlopCounter(Protocol):
    """Counts what networks compute."""

    name: str

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        """FLOPs of one training step ("train") and one prediction ("inference") by the framework's own counter."""
        ...


class TrunkReader(Protocol):
    """Reads a user's own trunk."""

    name: str

    def read_trunk(self, function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> TrunkReading:
        """What the function's module is like at this width, None where it takes none.

        Raises BadInput where it is no trunk.
        """
        ...


class Diagnostics(Protocol):
    """Looks into training, for `explain` and for the engine's benchmark. A backend need not have it."""

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        """Losses and gradients on these rows at the job's initial weights."""
        ...

    def trunk_gramians(self, job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
        """Trains the job and compares its outputs' trunk gradients before each of these steps (ascending).

        rows: those of the large batch.
        """
        ...

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        """Trains the job's network as tutorials write it, for all the recipe's epochs. Every label must be known.

        sliced: one linear layer as wide as all outputs, cut into columns (heads of one layer only). branched: one head
        per output and the library's losses. hand-written: the same, with losses and step written out.
        """
        ...

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        """Seconds of the fastest of ``repeats`` epochs, after a first one, of loops as tutorials write them."""
        ...

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        """The trunk's activations: per network and trunk layer (pooled convolutions first), (rows, units)."""
        ...


class DiagnosedBackend(Protocol):
    """Has diagnostics, or says that it has none."""

    name: str
    diagnostics: Diagnostics | None


class Backend(
    TrainingBackend,
    ServingBackend,
    TimingBackend,
    MemoryBackend,
    ExportingBackend,
    FlopCounter,
    TrunkReader,
    DiagnosedBackend,
    Protocol,
):
    """One framework. Instances live in a worker process of their own."""

    def unusable_reason(self) -> str | None:
        """Why the framework cannot use its device here, and what to do about it; None when it can."""
        ...


class NoDiagnostics(Exception):
    """A question was put to a backend that has no diagnostics. The message is the reason that the answer gives."""


def diagnostics_of(backend: DiagnosedBackend) -> Diagnostics:
    """The backend's diagnostics. Raises NoDiagnostics where it has none."""
    if backend.diagnostics is None:
        raise NoDiagnostics(f"not measured: {backend.name} has no diagnostics")
    return backend.diagnostics
