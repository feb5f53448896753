"""The engine at one replicate, held between calls, so that it can be timed beside the stock loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, Job
from jointbench.backends.batched.scheduler import (
    PackedData,
    Program,
    ProgramSpec,
    SlotState,
    batch_orders,
    fill,
    packed_data,
    program_spec,
    validation_rows,
)
from jointbench.measure.device_clock import device_clock

ENDLESS = 1_000_000


class _OneReplicate:
    """One job alone in a stack of one slot. It never stops, and its validation is one row, so that steps are what is timed."""

    def __init__(self, job: Job, make: Callable[[ProgramSpec, PackedData], Program]) -> None:
        endless = replace(job.recipe, max_epochs=ENDLESS, patience=ENDLESS)
        self.jobs = [replace(job, recipe=endless, validation=job.validation[:1])]
        self.frame = program_spec(self.jobs)
        self.program = make(self.frame, packed_data(self.jobs, self.frame.architecture))
        self.occupants: list[SlotState | None] = [None]
        self.epochs = 0
        fill(self.program, self.jobs, self.occupants, [0], self.frame)

    @property
    def steps(self) -> int:
        return self.frame.epochs * self.frame.steps

    def __call__(self, clock: Clock) -> float:
        """Seconds of one call of the program, the laying out of its batches included, as in any fit."""
        started = clock()
        rows, active = batch_orders(self.jobs, self.occupants, self.frame)
        held = validation_rows(self.jobs, self.occupants, self.frame)
        self.program.advance(rows, rows, active, held, held)
        self.epochs += self.frame.epochs
        self.occupants = [SlotState(0, self.epochs)]
        return clock() - started


class EngineTrainer:
    """An arm's networks, trained one after the other by the engine. A call takes whole epochs, all of them clocked."""

    warm_up = 0

    def __init__(
        self, jobs: Sequence[Job], make: Callable[[ProgramSpec, PackedData], Program], synchronise: Callable[[], None]
    ) -> None:
        self.synchronise = synchronise
        self.replicates = [_OneReplicate(job, make) for job in jobs]

    @property
    def steps(self) -> int:
        return self.replicates[0].steps

    def resize(self, steps: int) -> None:
        """A program's steps are fixed when it is compiled."""

    def __call__(self, clock: Clock) -> float:
        waiting = device_clock(self.synchronise, clock)
        return sum(replicate(waiting) for replicate in self.replicates)

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        return [replicate.program.weights(0) for replicate in self.replicates]

    def steps_counted(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing to end."""
