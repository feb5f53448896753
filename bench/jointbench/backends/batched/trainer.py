"""The engine with one network per program, kept between calls, so that it can be timed beside the stock loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, Job
from jointbench.backends.batched.call_layout import CallLayout
from jointbench.backends.batched.program import (
    PackedData,
    Program,
    ProgramSpec,
    packed_data,
    program_spec,
)
from jointbench.backends.batched.slots import SlotState, fill_slots
from jointbench.measure.device_clock import device_clock

ENDLESS = 1_000_000


class _SingleSlotTrainer:
    """One job alone in a stack of one slot.

    It never stops, and it validates on one row, so that its time is the time of its steps.
    """

    def __init__(self, job: Job, make_program: Callable[[ProgramSpec, PackedData], Program]) -> None:
        endless = replace(job.recipe, max_epochs=ENDLESS, patience=ENDLESS)
        self.jobs = [replace(job, recipe=endless, validation=job.validation[:1])]
        self.spec = program_spec(self.jobs)
        data = packed_data(self.jobs, self.spec.architecture)
        self.program, self.layout = make_program(self.spec, data), CallLayout(self.jobs, self.spec, data)
        self.slots: list[SlotState | None] = [None]
        fill_slots(self.program, self.jobs, self.slots, [0], self.spec)

    @property
    def steps(self) -> int:
        return self.spec.epochs * self.spec.steps

    def __call__(self, clock: Clock) -> float:
        """Seconds of one call of the program, the laying out of its batches included, as in any fit."""
        started = clock()
        self.program.advance(self.layout.of_call(self.slots))
        for state in self.slots:
            assert state is not None
            state.next_epoch += self.spec.epochs
        return clock() - started


class EngineTrainer:
    """An arm's networks, trained one after the other by the engine. A call takes whole epochs, all of them clocked."""

    warm_up = 0

    def __init__(
        self,
        jobs: Sequence[Job],
        make_program: Callable[[ProgramSpec, PackedData], Program],
        synchronise: Callable[[], None],
    ) -> None:
        self.synchronise = synchronise
        self.trainers = [_SingleSlotTrainer(job, make_program) for job in jobs]

    @property
    def steps(self) -> int:
        return self.trainers[0].steps

    def resize(self, steps: int) -> None:
        """Does nothing: a program's steps are fixed when it is compiled."""

    def __call__(self, clock: Clock) -> float:
        waiting_clock = device_clock(self.synchronise, clock)
        return sum(trainer(waiting_clock) for trainer in self.trainers)

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        return [trainer.program.weights(0) for trainer in self.trainers]

    def steps_counted(self) -> int | None:
        return None

    def close(self) -> None:
        """Does nothing: no thread or process runs behind it."""
