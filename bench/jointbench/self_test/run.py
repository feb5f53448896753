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
    sleep_check,
    stored_answers,
    training_checks,
)
from jointbench.self_test.decide import AAPairs, Measurements, total
from jointbench.study.config import Progress

SECONDS = 110.0  # in all: together with the last check's overrun below two minutes
REQUEST_ROWS = (1, 64)
SHAPES = 8
PHASE = "self-test"


def run_self_test(progress: Progress, seconds: float = SECONDS) -> Measurements:
    """The measurements of all installed backends.

    Untimed checks (imports, FLOP counts, stored answers) come first, for all backends at once; then each backend is
    timed while the others are idle.
    """
    started = time.perf_counter()
    installed = [name for name in BACKENDS if unavailable_reason(name) is None]
    steps = 1 + len(installed) * (4 + len(REQUEST_ROWS))
    done = 0

    def report_done(detail: str) -> None:
        nonlocal done
        done += 1
        progress(PHASE, detail, done, steps)

    with ExitStack() as stack:
        testers = [
            _Tester(name, stack.enter_context(Workers(name, "cpu", cores(), 1)), report_done) for name in installed
        ]
        for tester in testers:
            tester.start()
        for tester in testers:
            tester.untimed()
        for tested, tester in enumerate(testers):
            left = seconds - (time.perf_counter() - started)
            tester.timed(left / (len(testers) - tested))
        sleeping = Measurements(known_ratios=(sleep_check(1.0),))
        report_done("clock")
    return total([sleeping, *(part for tester in testers for part in tester.measurements)])


class _Tester:
    """One backend's checks. The first that raises an error is recorded as a failure and ends them."""

    def __init__(self, name: str, worker: Workers, report_done: Callable[[str], None]) -> None:
        self.name, self.worker, self.report_done = name, worker, report_done
        self.measurements: list[Measurements] = []
        self.failed = False

    def start(self) -> None:
        self.imported = self.worker.submit(import_seconds)
        self.counted = self.worker.submit(flop_counts, SHAPES)
        self.stored = self.worker.submit(stored_answers)

    def untimed(self) -> None:
        self._run("starting", lambda: (self.imported.result(), Measurements())[1])
        self._run("FLOPs", lambda: Measurements(flops=(self.counted.result(),)))
        self._run("stored answers", lambda: Measurements(stored_answers=(self.stored.result(),)))

    def timed(self, seconds: float) -> None:
        deadline = time.perf_counter() + seconds

        def share(parts: int) -> float:
            return max(0.0, deadline - time.perf_counter()) / parts

        def training() -> Measurements:
            if share(1) <= 0:
                return Measurements((AAPairs(f"{self.name}, training step", ()),))
            pairs, known = self.worker.submit(training_checks, share(1)).result()
            return Measurements((pairs,), (known,))

        def requests(rows: int, parts: int) -> Measurements:
            pairs, known = self.worker.submit(request_checks, rows, share(parts)).result()
            return Measurements((pairs,), (known,))

        for done, rows in enumerate(REQUEST_ROWS):
            # Training counts as two parts: building what it times takes seconds.
            self._run(f"requests of {rows}", partial(requests, rows, len(REQUEST_ROWS) + 2 - done))
        self._run("training", training)

    def _run(self, check: str, measure: Callable[[], Measurements]) -> None:
        if self.failed:
            return
        try:
            self.measurements.append(measure())
        except Exception as error:  # noqa: BLE001 - a self-test reports whatever failed
            self.failed = True
            self.measurements.append(Measurements(failures=((f"{self.name}, {check}", failure_reason(error)),)))
        self.report_done(f"{self.name}, {check}")
