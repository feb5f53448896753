"""What a batched training program is: its static sizes, the data it reads, and what a backend must implement.

A program trains the networks of a stack together, on a leading axis. A stack has a fixed number of slots, one network
in each, so a program is compiled once for its sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Precision, RegressionLoss
from jointbench.backends.batched.padding import matching_heads, padded_architecture
from jointbench.backends.batched.stack_size import CallSize, StackLimits, processor_limits, stack_size, without_data
from jointbench.backends.early_stopping import checkpoints_kept
from jointbench.networks.architecture import Architecture
from jointbench.networks.dropout import Masks
from jointbench.types import FloatArray, Recipe, Weights

Meanwhile = Callable[[], None]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class ProgramSpec:
    """The static sizes of a program; stacks with equal specs can share a compiled one.

    slots: networks at a time. epochs: per call. steps: per epoch. batch: rows per step. validation: rows, padded.
    """

    architecture: Architecture
    recipe: Recipe
    precision: Precision
    slots: int
    epochs: int
    steps: int
    batch: int
    validation: int
    regression_loss: RegressionLoss

    @property
    def checkpoints(self) -> int:
        """Of how many epochs a slot keeps the weights."""
        return checkpoints_kept(self.recipe, len(self.architecture.heads))


@dataclass(frozen=True, eq=False)
class PackedData:
    """All jobs' rows end to end. In targets and weights every job's part ends with a row of zeros, which padding points
    at; in features padding points at any row.

    features: (all rows, ...); targets, weights: (all rows, outputs). Jobs on the same features share them, so a
    job has one offset into features and another into targets and weights.
    """

    features: npt.NDArray[np.floating]
    targets: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]
    feature_offset: npt.NDArray[np.int64]
    target_offset: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchRows:
    """The rows of the packed data that one call reads.

    feature_rows, target_rows: (epochs, steps, slots, batch). active: (epochs, steps, slots), false where the slot has
    no batch left in that epoch. validation_features, validation_targets: (slots, validation rows). masks: by the name of
    each layer with dropout after it, (epochs, steps, slots, batch, units), a byte a unit; empty without dropout.
    """

    feature_rows: Int32Array
    target_rows: Int32Array
    active: npt.NDArray[np.bool_]
    validation_features: Int32Array
    validation_targets: Int32Array
    masks: Masks = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ProgramStep:
    """The result of one call.

    train_loss, validation_loss: (epochs, slots, outputs). validation_total: (epochs, slots), the weighted validation
    loss in the spec's precision, by which the program stops a slot. A slot that has stopped has numbers too.
    """

    train_loss: FloatArray
    validation_loss: FloatArray
    validation_total: npt.NDArray[np.floating]


class Program(Protocol):
    """A backend's batched training program over the slots of a stack."""

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        """Puts new networks into these slots: initial weights, zero optimiser state, no best epoch yet."""
        ...

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None = None) -> ProgramStep:
        """Trains every slot that has not stopped for the spec's epochs. meanwhile: what the host can do while a device is
        at work, once the rows are copied to it; it may be left undone."""
        ...

    def best(self, slot: int) -> list[dict[str, npt.NDArray[np.floating]]]:
        """The weights of the slot's best epoch, or for each of its heads those of the head's own."""
        ...

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        """The slot's weights after the last step."""
        ...


def unstackable_reason(job: Job) -> str | None:
    """Why no batched program can train this job; None where one can."""
    return f"the engine has fixed loss weights, not {job.weighting}" if job.weighting else None


def program_spec(jobs: Sequence[Job], limits: StackLimits | None = None) -> ProgramSpec:
    """The spec of a stack of jobs, within the limits of where it trains, by default the processor's.

    The jobs must agree in padding key and, or it raises ValueError, in recipe, regression loss and precision. They may
    differ in loss weights, which belong to a slot and need no other program, but these stay as they are in training.
    """
    first = jobs[0]
    if (reason := unstackable_reason(first)) is not None:
        raise ValueError(reason)
    if len({(replace(job.recipe, loss_weights=()), job.regression_loss, job.precision) for job in jobs}) > 1:
        raise ValueError("the jobs of a stack must agree in recipe, regression loss and precision")
    network = padded_architecture(list(dict.fromkeys(job.architecture for job in jobs)))
    batch = min(first.recipe.batch_size, max(len(job.train) for job in jobs))
    steps = max(math.ceil(len(job.train) / batch) for job in jobs)
    validation = max(len(job.validation) for job in jobs)
    limits = limits or processor_limits()
    epochs = min(first.recipe.max_epochs, max(1, math.ceil(limits.steps_per_call / steps)))
    call, left = CallSize(epochs, steps, batch, validation), without_data(limits, jobs, network)
    slots = stack_size(network, first.recipe, first.precision, len(jobs), call, left)
    return ProgramSpec(
        architecture=network,
        recipe=replace(first.recipe, loss_weights=()),
        precision=first.precision,
        slots=slots,
        epochs=epochs,
        steps=steps,
        batch=batch,
        validation=validation,
        regression_loss=first.regression_loss,
    )


def packed_data(jobs: Sequence[Job], padded: Architecture) -> PackedData:
    """The jobs' rows end to end, shared features only once; targets have one column per head of ``padded``."""
    dtype = np.dtype(jobs[0].precision)
    feature_starts: dict[int, int] = {}
    features: list[npt.NDArray[np.floating]] = []
    feature_offset, length = [], 0
    for job in jobs:
        if id(job.features) not in feature_starts:
            feature_starts[id(job.features)] = length
            features.append(job.features.astype(dtype, copy=False))
            length += len(job.features)
        feature_offset.append(feature_starts[id(job.features)])
    rows = [len(job.targets) + 1 for job in jobs]
    targets, weights = (np.zeros((sum(rows), len(padded.heads)), dtype) for _ in range(2))
    target_offset = np.concatenate([[0], np.cumsum(rows)[:-1]])
    for job, start in zip(jobs, target_offset, strict=True):
        columns = matching_heads(job.architecture, padded)
        targets[start : start + len(job.targets), columns] = job.targets
        weights[start : start + len(job.targets), columns] = job.weights
    return PackedData(
        features[0] if len(features) == 1 else np.concatenate(features),
        targets,
        weights,
        np.array(feature_offset),
        target_offset,
    )
