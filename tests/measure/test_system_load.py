"""What other processes do while something is timed, told apart from what is timed itself."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial

import pytest

from jointbench.measure.system_load import SystemLoad, disturbed, machine_busy_seconds


def load(busy: float, own: float, wall: float) -> float:
    clocks = {"wall": iter((0.0, wall)), "machine": iter((100.0, 100.0 + busy)), "own": iter((5.0, 5.0 + own))}
    return SystemLoad(*(partial(next, clocks[name]) for name in ("wall", "machine", "own"))).cores()


def test_a_process_that_uses_every_core_itself_is_not_its_own_disturbance() -> None:
    assert load(busy=2.0, own=2.0, wall=1.0) == pytest.approx(0)


def test_others_beside_it_are_seen() -> None:
    assert load(busy=2.0, own=1.2, wall=1.0) == pytest.approx(0.8)


def test_what_the_kernel_may_be_off_by_is_no_disturbance() -> None:
    assert not disturbed(cores=0.5, seconds=0.05)
    assert disturbed(cores=0.5, seconds=1.0)
    assert not disturbed(cores=0.1, seconds=100.0)


@pytest.mark.slow
def test_a_busy_neighbour_is_seen_on_this_machine() -> None:
    """A second process that counts for two seconds adds about the CPU time that it says it got."""
    code = "import time; end = time.time() + 2\nwhile time.time() < end: pass\nprint(time.process_time())"
    before, own = machine_busy_seconds(), time.process_time()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = machine_busy_seconds() - before - (time.process_time() - own)
    assert others > 0.8 * float(done.stdout)
