"""Memory of the machine that a process can still have without others being swapped out."""

from __future__ import annotations

import psutil


def free_bytes() -> int:
    return int(psutil.virtual_memory().available)
