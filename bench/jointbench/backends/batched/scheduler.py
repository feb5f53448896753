"""Replicates trained together: networks of one family and recipe on a leading axis of one batched program.

This file knows what a stack is made of, whose turn it is and when each replicate stops; a backend's program does the
arithmetic. A stack has a fixed number of slots. When a replicate stops, its slot goes to the next one waiting, so the
stack stays full and the program is compiled once. Each replicate keeps its own rows, batch order, weights, optimiser
state and early stopping: who sits beside it changes nothing beyond rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Precision, RegressionLoss, Trained
from jointbench.backends.batched.padding import head_places, pad_weights, padded_architecture, unpad_weights
from jointbench.networks.architecture import Architecture
from jointbench.networks.initialization import epoch_order
from jointbench.records import Stop
from jointbench.types import Float32Array, FloatArray, Recipe, Weights

MEMORY_BUDGET_BYTES = 256 * 2**20  # of weights, optimiser state and activations of one stack
MAX_STACK = 32  # beyond it a step costs no less per replicate, and more slots idle at the end
STEPS_PER_CALL = 64  # small epochs are joined until a call is at least this long
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class ProgramSpec:
    """The static sizes of a program: jobs of equal frames can share a compiled one.

    slots: replicates at a time. epochs, steps, batch: per call, per epoch, per step. validation: rows, padded.
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


@dataclass(frozen=True, eq=False)
class PackedData:
    """All jobs' rows end to end. Every job's part ends with a row of zeros of weight 0, which padding points at.

    features: (all rows, ...); targets, weights: (all rows, outputs). Jobs on the same features share them, so a
    job has one offset into features and another into targets and weights.
    """

    features: npt.NDArray[np.floating]
    targets: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]
    feature_offset: npt.NDArray[np.int64]
    target_offset: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ProgramStep:
    """What one call gave: losses (epochs, slots, outputs), and which slots were still training in each epoch."""

    train_loss: FloatArray
    validation_loss: FloatArray
    alive: npt.NDArray[np.bool_]


class Program(Protocol):
    """A backend's batched training program over a frame's slots."""

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        """Puts fresh replicates into these slots: their initial weights, zero optimiser state, no best yet."""
        ...

    def advance(
        self,
        feature_rows: Int32Array,
        target_rows: Int32Array,
        active: npt.NDArray[np.bool_],
        validation_features: Int32Array,
        validation_targets: Int32Array,
    ) -> ProgramStep:
        """Trains every live slot for the frame's epochs.

        feature_rows, target_rows: (epochs, steps, slots, batch) into the tables; active: (epochs, steps, slots), false
        where the slot has no batch left in that epoch; validation_*: (slots, rows).
        """
        ...

    def best(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        """The weights of the slot's best epoch."""
        ...

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        """The slot's weights after the last step."""
        ...


def stack_size(network: Architecture, recipe: Recipe, precision: Precision, jobs: int) -> int:
    """Slots of a stack: as many as fit the memory budget, at most MAX_STACK; a function of shapes alone.

    A slot holds weights, gradient, two moments and best weights, and a batch's activations forward and backward.
    """
    width = 4 if precision == "float32" else 8
    activations = sum(
        layer.positions * (layer.units + 9 * layer.inputs * (layer.kind == "conv")) for layer in network.layers
    )
    inputs = math.prod(network.input_shape)
    each = width * (6 * network.parameters + 3 * recipe.batch_size * (activations + inputs))
    return max(1, min(jobs, MAX_STACK, MEMORY_BUDGET_BYTES // each))


def program_spec(jobs: Sequence[Job]) -> ProgramSpec:
    """The frame of a stack. All jobs must share recipe and loss (weights are each slot's own, and no reason to compile again)
    and precision, and their networks a host."""
    first = jobs[0]
    network = padded_architecture(list(dict.fromkeys(job.architecture for job in jobs)))
    batch = min(first.recipe.batch_size, max(len(job.train) for job in jobs))
    steps = max(math.ceil(len(job.train) / batch) for job in jobs)
    epochs = min(first.recipe.max_epochs, max(1, math.ceil(STEPS_PER_CALL / steps)))
    slots = stack_size(network, first.recipe, first.precision, len(jobs))
    return ProgramSpec(
        architecture=network,
        recipe=replace(first.recipe, loss_weights=()),
        precision=first.precision,
        slots=slots,
        epochs=epochs,
        steps=steps,
        batch=batch,
        validation=max(len(job.validation) for job in jobs),
        regression_loss=first.regression_loss,
    )


def packed_data(jobs: Sequence[Job], host: Architecture) -> PackedData:
    """The jobs' rows end to end, features that several jobs share only once; one column for each of the host's heads."""
    dtype = np.dtype(jobs[0].precision)
    places: dict[int, int] = {}
    parts: list[npt.NDArray[np.floating]] = []
    feature_offset, length = [], 0
    for job in jobs:
        if id(job.features) not in places:
            places[id(job.features)] = length
            parts += [job.features, np.zeros((1, *job.features.shape[1:]))]
            length += len(job.features) + 1
        feature_offset.append(places[id(job.features)])
    rows = [len(job.targets) + 1 for job in jobs]
    targets, weights = (np.zeros((sum(rows), len(host.heads)), dtype) for _ in range(2))
    target_offset = np.concatenate([[0], np.cumsum(rows)[:-1]])
    for job, start in zip(jobs, target_offset, strict=True):
        columns = head_places(job.architecture, host)
        targets[start : start + len(job.targets), columns] = job.targets
        weights[start : start + len(job.targets), columns] = job.weights
    return PackedData(
        np.concatenate([part.astype(dtype, copy=False) for part in parts]),
        targets,
        weights,
        np.array(feature_offset),
        target_offset,
    )


@dataclass
class SlotState:
    """A slot's occupant: which job, how many epochs it has done, its curves so far."""

    job: int
    epochs: int = 0
    train: list[FloatArray] = field(default_factory=list)
    validation: list[FloatArray] = field(default_factory=list)


Predict = Callable[[Architecture, Sequence[tuple[Weights, Float32Array]]], list[Float32Array]]


def fit_stacked(
    jobs: Sequence[Job], make: Callable[[ProgramSpec, PackedData], Program], predict: Predict
) -> tuple[Trained, ...]:
    """Trains every job, as many at a time as the stack has slots. predict scores the unstacked networks."""
    frame = program_spec(jobs)
    tables = packed_data(jobs, frame.architecture)
    program = make(frame, tables)
    waiting = list(range(len(jobs)))[::-1]
    occupants: list[SlotState | None] = [None] * frame.slots
    finished: dict[int, tuple[SlotState, dict[str, npt.NDArray[np.floating]]]] = {}
    while waiting or any(occupants):
        fill(program, jobs, occupants, waiting, frame)
        orders, active = batch_orders(jobs, occupants, frame)
        held = validation_rows(jobs, occupants, frame)
        features = np.array([0 if seat is None else tables.feature_offset[seat.job] for seat in occupants])
        targets = np.array([0 if seat is None else tables.target_offset[seat.job] for seat in occupants])
        result = program.advance(
            (orders + features[:, None]).astype(np.int32),
            (orders + targets[:, None]).astype(np.int32),
            active,
            (held + features[:, None]).astype(np.int32),
            (held + targets[:, None]).astype(np.int32),
        )
        for slot, seat in enumerate(occupants):
            if seat is None:
                continue
            network = jobs[seat.job].architecture
            if _note(seat, result, slot, head_places(network, frame.architecture), frame):
                finished[seat.job] = (seat, unpad_weights(network, frame.architecture, program.best(slot)))
                occupants[slot] = None
    return _scored(jobs, finished, frame, predict)


def fill(
    program: Program, jobs: Sequence[Job], occupants: list[SlotState | None], waiting: list[int], frame: ProgramSpec
) -> None:
    free = [slot for slot, seat in enumerate(occupants) if seat is None][: len(waiting)]
    if not free:
        return
    for slot in free:
        occupants[slot] = SlotState(waiting.pop())
    chosen = [jobs[seat.job] for slot in free if (seat := occupants[slot]) is not None]
    host = frame.architecture
    loss_weights = np.zeros((len(chosen), len(host.heads)))
    for place, job in enumerate(chosen):
        loss_weights[place, head_places(job.architecture, host)] = job.loss_weights
    program.load(free, [pad_weights(job.architecture, host, job.initial) for job in chosen], loss_weights)


def batch_orders(
    jobs: Sequence[Job], occupants: Sequence[SlotState | None], frame: ProgramSpec
) -> tuple[Int32Array, npt.NDArray[np.bool_]]:
    """Rows of each batch, (epochs, steps, slots, batch), padded with the job's blank row; and who has a batch."""
    orders = np.zeros((frame.epochs, frame.steps * frame.batch, frame.slots), np.int64)
    active = np.zeros((frame.epochs, frame.steps, frame.slots), bool)
    for slot, seat in enumerate(occupants):
        if seat is None:
            continue
        job = jobs[seat.job]
        orders[:, :, slot] = len(job.features)
        active[:, : math.ceil(len(job.train) / frame.batch), slot] = True
        for ahead in range(frame.epochs):
            rows = job.train[epoch_order(job.seed, seat.epochs + ahead, len(job.train))]
            orders[ahead, : len(rows), slot] = rows
    shaped = orders.reshape(frame.epochs, frame.steps, frame.batch, frame.slots)
    return shaped.transpose(0, 1, 3, 2).astype(np.int32), active


def validation_rows(jobs: Sequence[Job], occupants: Sequence[SlotState | None], frame: ProgramSpec) -> Int32Array:
    """Validation rows, (slots, rows), padded with the job's blank row."""
    rows = np.zeros((frame.slots, frame.validation), np.int32)
    for slot, seat in enumerate(occupants):
        if seat is not None:
            rows[slot] = len(jobs[seat.job].features)
            rows[slot, : len(jobs[seat.job].validation)] = jobs[seat.job].validation
    return rows


def _note(seat: SlotState, result: ProgramStep, slot: int, columns: Sequence[int], frame: ProgramSpec) -> bool:
    """Adds the call's epochs to the occupant's curves, its own heads' columns; true when it has stopped."""
    own = list(columns)
    for epoch in range(frame.epochs):
        if not result.alive[epoch, slot] or seat.epochs == frame.recipe.max_epochs:
            return True
        seat.train.append(result.train_loss[epoch, slot, own])
        seat.validation.append(result.validation_loss[epoch, slot, own])
        seat.epochs += 1
        if not (np.isfinite(seat.train[-1]).all() and np.isfinite(seat.validation[-1]).all()):
            return True
    return not result.alive[-1, slot] or seat.epochs == frame.recipe.max_epochs


def _scored(
    jobs: Sequence[Job],
    finished: dict[int, tuple[SlotState, dict[str, npt.NDArray[np.floating]]]],
    frame: ProgramSpec,
    predict: Predict,
) -> tuple[Trained, ...]:
    answers: dict[int, Float32Array] = {}
    for network in dict.fromkeys(job.architecture for job in jobs):
        same = [i for i, job in enumerate(jobs) if job.architecture == network]
        asked = [(finished[i][1], jobs[i].features[jobs[i].test].astype(jobs[i].precision)) for i in same]
        answers.update(zip(same, predict(network, asked), strict=True))
    made = []
    for i, job in enumerate(jobs):
        seat, weights = finished[i]
        predictions = answers[i]
        train, validation = np.array(seat.train), np.array(seat.validation)
        broken = ~np.isfinite(np.c_[train, validation]).all(axis=1)
        failure = f"the loss is not finite in epoch {int(np.argmax(broken)) + 1}" if broken.any() else None
        totals = (validation * job.loss_weights).sum(axis=1)
        best = int(np.argmin(totals)) if failure is None else 0
        stopped_by: Stop = "patience" if seat.epochs - 1 - best >= job.recipe.patience else "limit"
        made.append(
            Trained(
                epochs=seat.epochs,
                best_epoch=best,
                steps=seat.epochs * math.ceil(len(job.train) / frame.batch),
                rows_seen=seat.epochs * len(job.train),
                epoch_seconds=np.zeros(0),
                stopped_by=stopped_by,
                train_loss=train,
                validation_loss=validation,
                predictions=predictions.astype(np.float32),
                weights=weights,
                failure=failure,
            )
        )
    return tuple(made)
