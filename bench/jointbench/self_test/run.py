"""Runs the self-test: each backend in a worker process, each check as long as its share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.runtime.environment import cores
from jointbench.runtime.workers import Workers, failure_reason, import_seconds
from jointbench.self_test.checks import (
    flop_counts,
    request_checks,
    sleeping_truth,
    stored_answers,
    training_checks,
)
from jointbench.self_test.decide import AAPairs, Measurements, total
from jointbench.study.config import Progress

SECONDS = 110.0  # in all: what the last check runs over stays below two minutes
REQUEST_ROWS = (1, 64)
SHAPES = 8
PHASE = "self-test"


def run_self_test(progress: Progress, seconds: float = SECONDS) -> Measurements:
    """All figures. A backend that is not installed gives none.

    What is not timed (imports, counts, refusals) comes first, all backends at once; then each has the machine alone.
    """
    begun = time.perf_counter()
    present = [name for name in BACKENDS if unavailable_reason(name) is None]
    steps = 1 + len(present) * (4 + len(REQUEST_ROWS))
    done = 0

    def said(detail: str) -> None:
        nonlocal done
        done += 1
        progress(PHASE, detail, done, steps)

    with ExitStack() as stack:
        testers = [_Tester(name, stack.enter_context(Workers(name, "cpu", cores(), 1)), said) for name in present]
        for tester in testers:
            tester.start()
        for tester in testers:
            tester.untimed()
        for place, tester in enumerate(testers):
            left = seconds - (time.perf_counter() - begun)
            tester.timed(left / (len(testers) - place))
        sleeping = Measurements(truths=(sleeping_truth(1.0),))
        said("clock")
    return total([sleeping, *(figures for tester in testers for figures in tester.figures)])


class _Tester:
    """One backend's checks and figures; what breaks is said and ends its part."""

    def __init__(self, name: str, worker: Workers, said: Callable[[str], None]) -> None:
        self.name, self.worker, self.said = name, worker, said
        self.figures: list[Measurements] = []
        self.broken = False

    def start(self) -> None:
        self.imported = self.worker.submit(import_seconds)
        self.counted = self.worker.submit(flop_counts, SHAPES)
        self.stored = self.worker.submit(stored_answers)

    def untimed(self) -> None:
        self._done("starting", lambda: (self.imported.result(), Measurements())[1])
        self._done("FLOPs", lambda: Measurements(flops=(self.counted.result(),)))
        self._done("stored answers", lambda: Measurements(stored=(self.stored.result(),)))

    def timed(self, seconds: float) -> None:
        deadline = time.perf_counter() + seconds

        def share(of: int) -> float:
            return max(0.0, deadline - time.perf_counter()) / of

        def training() -> Measurements:
            if share(1) <= 0:
                return Measurements((AAPairs(f"{self.name}, training step", ()),))
            pairs, truth = self.worker.submit(training_checks, share(1)).result()
            return Measurements((pairs,), (truth,))

        def requests(rows: int, of: int) -> Measurements:
            pairs, truth = self.worker.submit(request_checks, rows, share(of)).result()
            return Measurements((pairs,), (truth,))

        for place, rows in enumerate(REQUEST_ROWS):
            # Training is dearest: building what it times takes seconds.
            self._done(f"requests of {rows}", partial(requests, rows, len(REQUEST_ROWS) + 2 - place))
        self._done("training", training)

    def _done(self, doing: str, work: Callable[[], Measurements]) -> None:
        if self.broken:
            return
        try:
            self.figures.append(work())
        except Exception as error:  # noqa: BLE001 - a self-test says what broke, whatever it was
            self.broken = True
            self.figures.append(Measurements(broken=((f"{self.name}, {doing}", failure_reason(error)),)))
        self.said(f"{self.name}, {doing}")
