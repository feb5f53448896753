"""How busy other processes keep the machine while this one measures."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

DISTURBED_CORES = 0.25
TICK_SECONDS = 0.02  # the error of the kernel's accounting: a tick of each of two cores
IDLE = ("idle", "iowait", "guest", "guest_nice")  # guests are counted in user time already


def machine_busy_seconds() -> float:
    """CPU seconds that all cores have worked since the machine started, including time stolen by a hypervisor."""
    times = psutil.cpu_times()
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in IDLE))


class SystemLoad:
    """Cores that are busy with other processes: the machine's CPU time minus this process's own.

    The load average does not separate the two, and lags by a minute. Others show even while this process uses every
    core, because only the CPU time that it really got is subtracted.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        machine: Callable[[], float] = machine_busy_seconds,
        own: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._machine, self._own = clock, machine, own
        self._last = self._read()

    def _read(self) -> tuple[float, float]:
        return self._clock(), self._machine() - self._own()

    def cores(self) -> float:
        """Mean number of cores that others kept busy since the last call; can be negative by the accounting's error."""
        now, others = self._read()
        before, others_before = self._last
        self._last = now, others
        return (others - others_before) / max(now - before, 1e-9)


def disturbed(cores: float, seconds: float) -> bool:
    """Whether ``cores`` kept busy by others over ``seconds`` disturb a measurement, beyond the accounting's error."""
    return cores * seconds > DISTURBED_CORES * seconds + TICK_SECONDS
