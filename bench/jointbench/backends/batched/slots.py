"""Which job is in each slot of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.batched.padding import matching_heads, pad_weights
from jointbench.backends.batched.program import Program, ProgramSpec
from jointbench.backends.training_log import TrainingLog


@dataclass
class SlotState:
    """The job in a slot (its index), the log of its epochs, its heads among those of the padded network, and the epoch that
    it trains next."""

    job: int
    log: TrainingLog
    heads: list[int]
    next_epoch: int = 0


def fill_slots(
    program: Program, jobs: Sequence[Job], slots: list[SlotState | None], waiting: list[int], spec: ProgramSpec
) -> None:
    """Moves waiting jobs into the free slots, from the end of ``waiting`` to ``slots`` and the program."""
    free = [slot for slot, state in enumerate(slots) if state is None][: len(waiting)]
    if not free:
        return
    padded, new_jobs = spec.architecture, []
    loss_weights = np.zeros((len(free), len(padded.heads)))
    for row, slot in enumerate(free):
        index = waiting.pop()
        job = jobs[index]
        heads = list(matching_heads(job.architecture, padded))
        slots[slot] = SlotState(index, TrainingLog(job), heads)
        loss_weights[row, heads] = job.loss_weights
        new_jobs.append(job)
    program.load(free, [pad_weights(job.architecture, padded, job.initial) for job in new_jobs], loss_weights)
