"""Seconds since a moment, which are never negative, whatever the machine's clock does.

A clock that counts up only may step back all the same where a virtual machine is moved; a record with a negative time
in it would be refused by whoever reads it, and the whole run with it.
"""

from __future__ import annotations

import time


def since(started: float) -> float:
    """Seconds since ``started``, a reading of ``time.perf_counter``."""
    return max(time.perf_counter() - started, 0.0)
