"""Training steps of the stock PyTorch loop, for timing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, Job
from jointbench.backends.fit_loop import endless_batches
from jointbench.backends.pytorch.weighting.loops import make_loop
from jointbench.measure.device_clock import device_clock


class StockTrainer:
    """Trains an arm's networks for a number of steps each, one after the other, for timing."""

    warm_up = 1

    def __init__(self, jobs: list[Job], device: str, steps: int, synchronise: Callable[[], None]) -> None:
        self.steps, self.synchronise = steps, synchronise
        self.loops = [make_loop(job, device) for job in jobs]
        self.batches = [endless_batches(loop) for loop in self.loops]

    def resize(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, clock: Clock) -> float:
        seconds, clock = 0.0, device_clock(self.synchronise, clock)
        for loop, batches in zip(self.loops, self.batches, strict=True):
            for _ in range(self.warm_up):
                loop.step(next(batches))
            started = clock()
            for _ in range(self.steps):
                loop.step(next(batches))
            seconds += clock() - started
        return seconds

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        return [loop.read_weights() for loop in self.loops]

    def steps_counted(self) -> int | None:
        """From the optimisers' state; None for plain SGD, which does not count its steps."""
        counts = [
            [float(state["step"]) for state in loop.optimizer.state.values() if "step" in state] for loop in self.loops
        ]
        return sum(int(max(steps)) for steps in counts) if all(counts) else None

    def close(self) -> None:
        """Does nothing: no thread runs behind it."""
