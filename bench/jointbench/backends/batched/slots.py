"""Which job is in each slot of a stack, and which rows the slots read in the next call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job
from jointbench.backends.batched.padding import matching_heads, pad_masks, pad_weights
from jointbench.backends.batched.program import Int32Array, Program, ProgramSpec
from jointbench.backends.training_log import TrainingLog
from jointbench.networks.dropout import Masks
from jointbench.networks.initialization import epoch_order


@dataclass
class SlotState:
    """The job in a slot (its index), the log of its epochs, and the epoch that it trains next."""

    job: int
    log: TrainingLog
    next_epoch: int = 0


def fill_slots(
    program: Program, jobs: Sequence[Job], slots: list[SlotState | None], waiting: list[int], spec: ProgramSpec
) -> None:
    """Moves waiting jobs into the free slots, from the end of ``waiting`` to ``slots`` and the program."""
    free = [slot for slot, state in enumerate(slots) if state is None][: len(waiting)]
    if not free:
        return
    for slot in free:
        job_index = waiting.pop()
        slots[slot] = SlotState(job_index, TrainingLog(jobs[job_index]))
    new_jobs = [jobs[state.job] for slot in free if (state := slots[slot]) is not None]
    padded = spec.architecture
    loss_weights = np.zeros((len(new_jobs), len(padded.heads)))
    for row, job in enumerate(new_jobs):
        loss_weights[row, matching_heads(job.architecture, padded)] = job.loss_weights
    program.load(free, [pad_weights(job.architecture, padded, job.initial) for job in new_jobs], loss_weights)


def training_rows(
    jobs: Sequence[Job], slots: Sequence[SlotState | None], spec: ProgramSpec
) -> tuple[Int32Array, npt.NDArray[np.bool_]]:
    """Each batch's rows in its job's own data, and which slots have a batch.

    Rows: (epochs, steps, slots, batch), padded with the job's row of zeros. Batches: (epochs, steps, slots).
    """
    rows = np.zeros((spec.epochs, spec.steps * spec.batch, spec.slots), np.int64)
    active = np.zeros((spec.epochs, spec.steps, spec.slots), bool)
    for slot, state in enumerate(slots):
        if state is None:
            continue
        job = jobs[state.job]
        rows[:, :, slot] = len(job.features)
        active[:, : math.ceil(len(job.train) / spec.batch), slot] = True
        for epoch in range(spec.epochs):
            order = job.train[epoch_order(job.seed, state.next_epoch + epoch, len(job.train))]
            rows[epoch, : len(order), slot] = order
    batches = rows.reshape(spec.epochs, spec.steps, spec.batch, spec.slots)
    return batches.transpose(0, 1, 3, 2).astype(np.int32), active


def training_masks(jobs: Sequence[Job], slots: Sequence[SlotState | None], spec: ProgramSpec) -> Masks:
    """The dropout masks of the batches of ``training_rows``, laid out as ``BatchRows`` has them; false in padding."""
    size = (spec.epochs, spec.steps, spec.slots, spec.batch)
    masks = {layer.name: np.zeros((*size, layer.units), bool) for layer in spec.architecture.dropped}
    if not masks:
        return masks
    for slot, state in enumerate(slots):
        if state is None:
            continue
        job = jobs[state.job]
        whole, left = divmod(len(job.train), spec.batch)
        for epoch in range(spec.epochs):
            own = pad_masks(job.architecture, spec.architecture, job.masks(state.next_epoch + epoch))
            for name, mask in own.items():
                place = masks[name][epoch, :, slot, :, : mask.shape[1]]
                place[:whole] = mask[: whole * spec.batch].reshape(whole, spec.batch, -1)
                if left:
                    place[whole, :left] = mask[whole * spec.batch :]
    return masks


def validation_rows(jobs: Sequence[Job], slots: Sequence[SlotState | None], spec: ProgramSpec) -> Int32Array:
    """Validation rows in each job's own data, (slots, rows), padded with the job's row of zeros."""
    rows = np.zeros((spec.slots, spec.validation), np.int32)
    for slot, state in enumerate(slots):
        if state is not None:
            rows[slot] = len(jobs[state.job].features)
            rows[slot, : len(jobs[state.job].validation)] = jobs[state.job].validation
    return rows
