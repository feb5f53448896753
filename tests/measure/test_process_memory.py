"""Resident process_memory, read and reset: what is allocated shows, what another process had does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jointbench.measure import process_memory

pytestmark = pytest.mark.skipif(
    process_memory.peak_unavailable_reason() is not None, reason=process_memory.peak_unavailable_reason() or ""
)
BLOCK = 80 * 2**20


PASSING = f"""
import numpy as np
from jointbench.measure import process_memory
process_memory.reset_peak()
before = process_memory.resident_bytes()
block = np.ones({BLOCK}, np.uint8)
during = process_memory.resident_bytes()
del block
print(during - before, process_memory.peak_bytes() - before, process_memory.resident_bytes() - before)
process_memory.reset_peak()
print(process_memory.peak_bytes() - before)
"""


def test_a_passing_allocation_is_in_the_peak_and_not_in_the_rest() -> None:
    """In a process of its own: of one as large as pytest's, the system may take other pages back meanwhile."""
    process = subprocess.run([sys.executable, "-c", PASSING], capture_output=True, text=True, check=True)
    during, peak, rest, forgotten = (int(text) for text in process.stdout.split())
    assert during == pytest.approx(BLOCK, rel=0.1)
    assert peak == pytest.approx(BLOCK, rel=0.1)
    assert rest < BLOCK / 2
    assert forgotten < BLOCK / 2


def test_a_process_does_not_inherit_the_size_of_the_one_that_started_it() -> None:
    """What ru_maxrss gets wrong."""
    block = np.ones(4 * BLOCK, np.uint8)
    code = "from jointbench.measure import process_memory; print(process_memory.peak_bytes())"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(process.stdout) < block.nbytes / 2


def test_a_system_without_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(process_memory, "STATUS", status)
    assert "does not have" in (process_memory.peak_unavailable_reason() or "")
    status.write_text("Name:\tpython\nVmRSS:\t    12 kB\n")
    assert process_memory.peak_unavailable_reason() is not None
    assert process_memory.resident_bytes() == 12 * 1024
    with pytest.raises(RuntimeError, match="VmHWM"):
        process_memory.peak_bytes()
