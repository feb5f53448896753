"""A clock that waits for the device: a call that starts work on an accelerator returns before the work is done."""

from __future__ import annotations

import time
from collections.abc import Callable


def device_clock(
    synchronise: Callable[[], None], clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """A clock, in seconds, that reads ``clock`` once ``synchronise`` has returned."""

    def read() -> float:
        synchronise()
        return clock()

    return read
