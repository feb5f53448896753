"""Trains many jobs in one stack: which job gets a slot, and when each one stops.

When a job stops, its slot goes to the next job that waits, so the stack stays full. Each job keeps its own rows, batch
order, weights, optimiser state and early stopping: its neighbours change nothing beyond rounding. The backend's program
does the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Trained
from jointbench.backends.batched.padding import matching_heads, unpad_weights
from jointbench.backends.batched.program import (
    BatchRows,
    PackedData,
    Program,
    ProgramSpec,
    ProgramStep,
    packed_data,
    program_spec,
)
from jointbench.backends.batched.slots import SlotState, fill_slots, training_rows, validation_rows
from jointbench.networks.architecture import Architecture
from jointbench.records import Stop
from jointbench.types import Float32Array, Weights

Predict = Callable[[Architecture, Sequence[tuple[Weights, Float32Array]]], list[Float32Array]]
"""From one architecture and (weights, rows) of several networks to each network's answers."""
Finished = tuple[SlotState, dict[str, npt.NDArray[np.floating]]]
"""A job that has stopped, and the weights of its best epoch."""


def fit_stacked(
    jobs: Sequence[Job], make_program: Callable[[ProgramSpec, PackedData], Program], predict: Predict
) -> tuple[Trained, ...]:
    """Trains every job, as many at a time as the stack has slots. ``predict`` scores the networks afterwards."""
    spec = program_spec(jobs)
    data = packed_data(jobs, spec.architecture)
    program = make_program(spec, data)
    waiting = list(range(len(jobs)))[::-1]
    slots: list[SlotState | None] = [None] * spec.slots
    finished: dict[int, Finished] = {}
    while waiting or any(slots):
        fill_slots(program, jobs, slots, waiting, spec)
        step = program.advance(_batch_rows(jobs, slots, spec, data))
        for slot, state in enumerate(slots):
            if state is None:
                continue
            network = jobs[state.job].architecture
            if _record_epochs(state, step, slot, matching_heads(network, spec.architecture), spec):
                finished[state.job] = (state, unpad_weights(network, spec.architecture, program.best(slot)))
                slots[slot] = None
    return _scored(jobs, finished, spec, predict)


def _batch_rows(
    jobs: Sequence[Job], slots: Sequence[SlotState | None], spec: ProgramSpec, data: PackedData
) -> BatchRows:
    rows, active = training_rows(jobs, slots, spec)
    validation = validation_rows(jobs, slots, spec)
    features = np.array([0 if state is None else data.feature_offset[state.job] for state in slots])
    targets = np.array([0 if state is None else data.target_offset[state.job] for state in slots])
    return BatchRows(
        feature_rows=(rows + features[:, None]).astype(np.int32),
        target_rows=(rows + targets[:, None]).astype(np.int32),
        active=active,
        validation_features=(validation + features[:, None]).astype(np.int32),
        validation_targets=(validation + targets[:, None]).astype(np.int32),
    )


def _record_epochs(state: SlotState, step: ProgramStep, slot: int, columns: Sequence[int], spec: ProgramSpec) -> bool:
    """Adds a call's epochs to the job's curves; true when the job has stopped. columns: those of its own heads."""
    own = list(columns)
    for epoch in range(spec.epochs):
        if not step.alive[epoch, slot] or state.epochs == spec.recipe.max_epochs:
            return True
        state.train.append(step.train_loss[epoch, slot, own])
        state.validation.append(step.validation_loss[epoch, slot, own])
        state.epochs += 1
        if not (np.isfinite(state.train[-1]).all() and np.isfinite(state.validation[-1]).all()):
            return True
    return not step.alive[-1, slot] or state.epochs == spec.recipe.max_epochs


def _scored(
    jobs: Sequence[Job], finished: dict[int, Finished], spec: ProgramSpec, predict: Predict
) -> tuple[Trained, ...]:
    """The jobs' results in their order, with predictions on their test rows."""
    predictions: dict[int, Float32Array] = {}
    for network in dict.fromkeys(job.architecture for job in jobs):
        alike = [i for i, job in enumerate(jobs) if job.architecture == network]
        requests = [(finished[i][1], jobs[i].features[jobs[i].test].astype(jobs[i].precision)) for i in alike]
        predictions.update(zip(alike, predict(network, requests), strict=True))
    return tuple(_trained(job, finished[i], predictions[i], spec.batch) for i, job in enumerate(jobs))


def _trained(job: Job, finished: Finished, predictions: Float32Array, batch: int) -> Trained:
    state, weights = finished
    train, validation = np.array(state.train), np.array(state.validation)
    broken = ~np.isfinite(np.c_[train, validation]).all(axis=1)
    failure = f"the loss is not finite in epoch {int(np.argmax(broken)) + 1}" if broken.any() else None
    totals = (validation * job.loss_weights).sum(axis=1)
    best = int(np.argmin(totals)) if failure is None else 0
    stopped_by: Stop = "patience" if state.epochs - 1 - best >= job.recipe.patience else "limit"
    return Trained(
        epochs=state.epochs,
        best_epoch=best,
        steps=state.epochs * math.ceil(len(job.train) / batch),
        rows_seen=state.epochs * len(job.train),
        epoch_seconds=np.zeros(0),
        stopped_by=stopped_by,
        train_loss=train,
        validation_loss=validation,
        predictions=predictions.astype(np.float32),
        weights=weights,
        failure=failure,
    )
