"""The time left of a run: over all its phases, within its budgets, and never falling back by much."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from jointbench.study.estimate import Phase
from jointbench.study.time_left import SLOWEST, TimeLeft

PHASES = (Phase("references", 4.0, 0.0), Phase("training", 10.0, 0.0), Phase("report", 2.0, 0.0))


@dataclass
class Watched:
    """A run in seconds that the test lets pass, with what its line showed every half second."""

    phases: tuple[Phase, ...] = PHASES
    now: float = 0.0
    shown: list[tuple[float, float | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = TimeLeft(self.phases, lambda: self.now)

    def work(self, phase: str, seconds: float, done: float, total: float = 1.0) -> None:
        """After so many seconds so much of the phase's work is done."""
        for _ in range(round(2 * seconds)):
            self.now += 0.5
            left = self.line.seconds()
            self.shown.append((self.line.share, left))
        self.line.update(phase, done, total)


def run(slowness: float, phases: tuple[Phase, ...] = PHASES) -> Watched:
    """A run that takes so many times what was expected."""
    watched = Watched(phases)
    for phase in phases:
        watched.line.update(phase.name, 0, 4)
        for quarter in range(1, 5):
            watched.work(phase.name, slowness * phase.seconds / 4, quarter, 4)
    return watched


@pytest.mark.parametrize("slowness", [0.5, 1.0, 2.0, 4.0])
def test_share_never_falls_and_all_of_it_is_done_at_the_end(slowness: float) -> None:
    watched = run(slowness)
    shares = [share for share, _ in watched.shown]
    assert shares == sorted(shares)
    assert watched.line.share == pytest.approx(1.0)
    assert watched.line.seconds() == 0.0


def test_what_goes_as_expected_counts_down_second_by_second() -> None:
    for number, (_, left) in enumerate(run(1.0).shown, start=1):
        assert left == pytest.approx(16.0 - number / 2, abs=0.6)


@pytest.mark.parametrize("slowness", [0.5, 2.0, 3.0])
def test_a_faster_or_slower_machine_is_noticed_and_nothing_jumps(slowness: float) -> None:
    watched = run(slowness)
    total = 16.0 * slowness
    lefts = [left for _, left in watched.shown if left is not None]
    assert all(after - before < 0.25 * total for before, after in pairwise(lefts))
    assert lefts[3 * len(lefts) // 4] == pytest.approx(total / 4, rel=0.5)


def test_another_round_of_training_is_added_and_the_share_stays() -> None:
    watched = Watched()
    watched.work("references", 4, 1)
    watched.work("training", 10, 8, 8)
    before = watched.line.share
    watched.line.update("training", 0, 16)
    assert watched.line.share == before
    assert watched.line.seconds() == pytest.approx(20.0 + 2.0, rel=0.1)
    watched.work("training", 10, 8, 16)
    assert before < watched.line.share < 1
    assert watched.line.seconds() == pytest.approx(10.0 + 2.0, rel=0.1)


def test_a_budget_bounds_what_is_left() -> None:
    watched = Watched((Phase("training", 100.0, 30.0), Phase("report", 2.0, 0.0)))
    watched.work("training", 10, 1, 100)
    left = watched.line.seconds()
    assert left is not None
    assert left <= 20.0 + SLOWEST * 2.0


def test_what_takes_far_longer_is_not_promised_to_end_at_once() -> None:
    watched = Watched()
    watched.line.update("references", 0, 1)
    watched.work("references", 60, 0)
    left = watched.line.seconds()
    assert left is not None
    assert left > 0.15 * 56 + 12


def test_a_phase_that_nobody_foresaw_shows_what_its_work_took_so_far() -> None:
    watched = Watched(())
    watched.line.update("calibration", 0, 10)
    assert watched.line.seconds() is None
    watched.work("calibration", 3, 1, 10)
    assert watched.line.seconds() == pytest.approx(27.0)
    assert math.floor(100 * watched.line.share) == 10


def test_a_line_on_standard_error_only_now_and_then_where_nobody_watches() -> None:
    code = """
import jointbench.cli.progress as progress
progress.QUIET_SECONDS = 0.2
import time
with progress.progress_line() as note:
    for done in range(11):
        note("training", "wine", done, 10)
        time.sleep(0.05)
print("the answer")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "the answer\n"
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 3
    assert all("left; training wine" in line for line in lines)
