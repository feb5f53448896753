"""A clock that steps back, as one may when a virtual machine is moved: no time that is recorded is negative."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from jointbench.measure.elapsed import since
from jointbench.measure.paired_timing import Paired, log_ratios, paired


class Clock:
    """Counts up by ``tick`` with each reading, and steps back by ``step`` at these readings."""

    def __init__(self, tick: float, step: float, at: tuple[int, ...]) -> None:
        self.tick, self.step, self.at, self.readings, self.now = tick, step, at, 0, 1000.0

    def __call__(self) -> float:
        self.readings += 1
        self.now += self.tick - (self.step if self.readings in self.at else 0.0)
        return self.now


def sampler(clock: Clock, ticks: int) -> Callable[[], list[float]]:
    """A visit that lasts so many ticks of the clock."""

    def sample() -> list[float]:
        began = clock()
        for _ in range(ticks - 1):
            clock()
        return [clock() - began]

    return sample


def timed(clock: Clock) -> Paired[str]:
    return paired({"a": sampler(clock, 4), "b": sampler(clock, 2)}, 1e9, 20, clock=clock)


@pytest.mark.parametrize("step", [0.5, 1e6])
def test_the_blocks_in_which_the_clock_steps_back_do_not_count(step: float) -> None:
    samples = timed(Clock(0.1, step, at=(25, 120)))
    assert samples.seconds.min() > 0
    assert len(samples.order) == len(samples.seconds) == samples.block * len(samples.load)
    assert 17 <= len(samples.load) <= 19
    np.testing.assert_allclose(log_ratios(samples, "a", "b"), np.log(2))


def test_a_clock_that_only_goes_back_is_said() -> None:
    with pytest.raises(RuntimeError, match="the clock of this machine goes backwards"):
        timed(Clock(-0.1, 0.0, at=()))


def test_no_time_since_a_moment_is_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 5.0)
    assert since(7.0) == 0.0
    assert since(3.5) == 1.5
