"""How busy other processes keep the machine while this one measures."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

DISTURBED_CORES = 0.25
TICK_SECONDS = 0.02  # what the kernel's accounting may be off by: a tick of each of two cores
IDLE = ("idle", "iowait", "guest", "guest_nice")  # guests are counted in user time already


def machine_busy_seconds() -> float:
    """CPU seconds that all cores have worked since the machine started, time stolen by a hypervisor included."""
    times = psutil.cpu_times()
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in IDLE))


class SystemLoad:
    """Cores that are busy with other processes: the machine's work less this process's own.

    The load average cannot tell the two apart, and lags by a minute. A process that uses every core itself still sees
    others here, because what is subtracted is the CPU time that it really got.
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
        """Mean cores that others kept busy since the last call; a tick of the accounting can make it negative."""
        now, others = self._read()
        before, others_before = self._last
        self._last = now, others
        return (others - others_before) / max(now - before, 1e-9)


def disturbed(cores: float, seconds: float) -> bool:
    """Whether that much work of others over that time, beyond what the accounting is off by, spoils a measurement."""
    return cores * seconds > DISTURBED_CORES * seconds + TICK_SECONDS
