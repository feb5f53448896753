"""Memory of this process, as Linux keeps it.

`getrusage`'s ru_maxrss does not serve: across fork and exec it keeps the largest size of the process that started
this one, so a worker of a large parent would report the parent's memory. /proc holds this program's own.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5): resets the high-water mark to the current resident size


def peak_unavailable_reason() -> str | None:
    """Why peak resident memory cannot be measured on this system; None where it can."""
    with contextlib.suppress(OSError):
        if _field("VmHWM") is not None:
            return None
    return "peak resident memory is read from Linux's /proc/self/status, which this system does not have"


def resident_bytes() -> int:
    """Resident memory now, in bytes."""
    return _bytes("VmRSS")


def peak_bytes() -> int:
    """Peak resident memory since the program started, or since ``reset_peak``, in bytes."""
    return _bytes("VmHWM")


def reset_peak() -> None:
    """Sets the high-water mark to the memory resident now. A system that forbids it keeps the older, higher mark."""
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text(RESET_PEAK, encoding="ascii")


def _field(name: str) -> int | None:
    """A size in /proc/self/status, in bytes ("kB" there means 1,024 bytes); None where the field is missing."""
    status = STATUS.read_text(encoding="ascii", errors="replace")
    match = re.search(rf"^{name}:\s*(\d+) kB$", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def _bytes(name: str) -> int:
    """Raises RuntimeError where the field is missing; ask ``peak_unavailable_reason`` first."""
    size = _field(name)
    if size is None:
        raise RuntimeError(f"{STATUS} has no {name}")
    return size
