"""How much of a command is done and how long the rest takes, over all its phases."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jointbench.study.estimate import Phase

TRUST = 3.0  # seconds of work after which what was measured counts as much as what was expected
FASTEST, SLOWEST = 0.2, 5.0  # of the expected speed, that the phases to come are given
OVERDUE = 0.2  # of what a phase has taken beyond its expected time: what is left of it at least
LEAST = 0.05  # of a phase's expected time: what is left at least until it says that it is done


@dataclass
class TimeLeft:
    """Takes in the phases as they go. phases: what each is expected to take; others may come all the same.

    ``share`` never falls: where more work appears, the rest of the share is spread over all of it.
    """

    phases: Sequence[Phase] = ()
    clock: Callable[[], float] = time.monotonic
    share: float = field(default=0.0, init=False)
    phase: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._ahead = {phase.name: phase.seconds for phase in self.phases}
        self._most = {phase.name: phase.most for phase in self.phases}
        self._began = self._phase_began = self._round_began = self._updated = self.clock()
        self._expected_done = self._took = 0.0  # of the phases that have ended
        self._expected: float | None = next(iter(self._ahead.values()), None)  # of the current round of work
        self._fraction, self._total, self._later_round = 0.0, 0.0, False
        self._last: float | None = None

    def update(self, phase: str, done: float, total: float) -> None:
        """Notes that so much of the phase's present round of work is done."""
        now = self.clock()
        if phase != self.phase:
            self._next_phase(phase)
        elif self._fraction == 1 and done < total:
            self._next_round(total)
        self._fraction, self._total, self._updated = min(done / max(total, 1e-9), 1.0), total, now
        self.seconds()

    def _next_phase(self, phase: str) -> None:
        """The last phase ended with its last update: what passed since then belongs to the new one."""
        if self.phase:
            self._expected_done += self._ahead.pop(self.phase, 0.0)
            self._took += self._updated - self._phase_began
            self._phase_began = self._round_began = self._updated
            self._expected = None
        for skipped in list(self._ahead)[: list(self._ahead).index(phase)] if phase in self._ahead else ():
            del self._ahead[skipped]
        self.phase, self._fraction, self._later_round = phase, 0.0, False
        if phase in self._ahead:
            self._expected = self._ahead[phase] * self._pace

    def _next_round(self, total: float) -> None:
        """More work in the same phase, at the speed of the round before."""
        seconds = self._updated - self._round_began
        self._expected = seconds * total / max(self._total, 1e-9)
        self._round_began, self._later_round = self._updated, True

    @property
    def _pace(self) -> float:
        """Seconds for each expected second."""
        took, expected = self._took, self._expected_done
        if self.phase in self._ahead and not self._later_round:
            took += self._updated - self._phase_began if self._fraction else 0.0
            expected += self._fraction * self._ahead[self.phase]
        pace = (took + TRUST) / (expected + TRUST)
        return min(max(pace, FASTEST), SLOWEST)

    def seconds(self) -> float | None:
        """Seconds left; None while nothing is known of the present phase."""
        now = self.clock()
        left = self._left_of_phase(now)
        if left is None:
            return None
        left += sum(seconds * self._pace for name, seconds in self._ahead.items() if name != self._current)
        if self._last is None:
            self.share = (now - self._began) / max(now - self._began + left, 1e-9)
        elif left < self._last:
            self.share = 1 - (1 - self.share) * left / self._last
        self._last = left
        return left

    @property
    def _current(self) -> str:
        return self.phase or next(iter(self._ahead), "")

    def _left_of_phase(self, now: float) -> float | None:
        if self._fraction == 1:
            return 0.0
        passed = self._updated - self._round_began if self._fraction else 0.0
        expected = self._expected
        if expected is None:
            if self._fraction == 0:
                return None
            expected = passed / self._fraction
        elif self._fraction > 0:  # the more is done, the more what was measured counts
            expected = (1 - self._fraction) * expected + passed
        left = (1 - self._fraction) * expected - (now - self._round_began - passed)
        left = max(left, LEAST * expected, OVERDUE * -left)
        most = self._most.get(self.phase, 0.0)
        return min(left, max(most - (now - self._phase_began), LEAST * most)) if most else left
