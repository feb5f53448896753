"""Energy counters of this machine: which one tells of a device, or why none can be read; how often it moves."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Protocol

UPDATES = 5  # of a counter that are waited for, to see how far apart they are
STANDS_STILL_SECONDS = 2.0  # without any change
IDLE_SECONDS = 1.0


class NoCounter(Exception):
    """No energy can be read. The message is the reason."""


class EnergyCounter(Protocol):
    """Joules that a device has taken. ``joules`` never falls; from which moment it counts is left open.

    source: what it is, for people. sensor_seconds: how far apart are the readings that it is made from, where the counter
    itself does not show it; else 0.
    """

    source: str
    sensor_seconds: float

    def joules(self) -> float: ...

    def close(self) -> None: ...


def energy_counter(device: str, gpu: str = "") -> EnergyCounter:
    """The counter of the processor's packages, or of a GPU. gpu: the GPU's UUID, "" for the first one.

    Raises NoCounter.
    """
    if device == "cpu":
        from jointbench.measure.rapl import RaplCounter

        return RaplCounter()
    from jointbench.measure.nvml import nvml_counter

    return nvml_counter(gpu)


def energy_unavailable_reason(device: str, gpu: str = "") -> str | None:
    """Why no energy of the device can be read here; None where it can."""
    try:
        energy_counter(device, gpu).close()
    except NoCounter as error:
        return str(error)
    return None


def update_seconds(counter: EnergyCounter, clock: Callable[[], float] = time.perf_counter) -> float:
    """The usual time between two changes of the counter: the median. Raises NoCounter where it stands still."""
    changed = clock()
    value, seen = counter.joules(), 0
    between: list[float] = []
    while len(between) < UPDATES:
        now, joules = clock(), counter.joules()
        if joules != value:
            if seen:  # the first change came after a part of the time only
                between.append(now - changed)
            value, changed, seen = joules, now, seen + 1
        elif now - changed > STANDS_STILL_SECONDS:
            raise NoCounter(f"{counter.source}: the counter stands still")
    return max(statistics.median(between), counter.sensor_seconds)


def watts_of(
    counter: EnergyCounter,
    wait: Callable[[float], None] = time.sleep,
    seconds: float = IDLE_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """What the device draws, on average, while this process waits."""
    began, joules = clock(), counter.joules()
    wait(seconds)
    return (counter.joules() - joules) / (clock() - began)
