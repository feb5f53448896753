"""A clock that waits for the device: work handed to an accelerator is not done when the call that handed it over returns."""

from __future__ import annotations

import time
from collections.abc import Callable


def device_clock(
    synchronise: Callable[[], None], clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """``clock``, read only after ``synchronise`` has returned."""

    def read() -> float:
        synchronise()
        return clock()

    return read
