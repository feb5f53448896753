"""Timing adds less than 2 % to the loop it times."""

from __future__ import annotations

import math
import time

import pytest

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.benchmarks.engine import wine_shaped_job
from jointbench.benchmarks.training_steps import FEWEST_STEPS
from jointbench.measure.paired_timing import Paired, interval, log_ratios, paired
from jointbench.measure.system_load import DISTURBED_CORES


def timing_overhead(backend: Backend, job: Job, budget_seconds: float, steps: int = 20) -> Paired[str]:
    """The same steps, clocked two at a time ("often") and all at once ("once")."""
    trainer = backend.trainer([job], steps)

    def clocked(interval_steps: int) -> list[float]:
        trainer.resize(interval_steps)
        return [sum(trainer(time.perf_counter) for _ in range(steps // interval_steps))]

    samples = paired({"once": lambda: clocked(steps), "often": lambda: clocked(FEWEST_STEPS)}, budget_seconds)
    trainer.close()
    return samples


@pytest.mark.slow
def test_reading_the_clock_ten_times_as_often_adds_less_than_two_percent(backend: Backend) -> None:
    """Ten times the clock reads that timing makes. The interval must not lie above 2 %."""
    samples = timing_overhead(backend, wine_shaped_job(0, 1), 30.0)
    mean, low, high = interval(log_ratios(samples, "often", "once"))
    print(f"{backend.name}: {math.expm1(mean):+.2%} ({math.expm1(low):+.2%} to {math.expm1(high):+.2%})")  # noqa: T201
    if (cores := float(samples.load.mean())) > DISTURBED_CORES:
        pytest.skip(f"other processes keep {cores:.1f} cores busy: 2 % cannot be seen")
    assert math.expm1(low) < 0.02
