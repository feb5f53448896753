"""Runs the self-test: each backend in a worker process, each check as long as its share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable

from jointbench.backends.registry import BACKENDS, why_absent
from jointbench.conditions import Progress
from jointbench.environment import cores
from jointbench.self_test.checks import (
    flop_counts,
    request_checks,
    sleeping_truth,
    stored_answers,
    training_checks,
)
from jointbench.self_test.decide import Figures, Pairs, total
from jointbench.workers import Workers, import_seconds

SECONDS = 95.0  # in all: what the last check runs over stays below two minutes
REQUEST_ROWS = (1, 64)
SHAPES = 8
PHASE = "self-test"


def run_self_test(progress: Progress, seconds: float = SECONDS) -> Figures:
    """All figures. A backend that is not installed gives none."""
    begun = time.perf_counter()
    present = [name for name in BACKENDS if why_absent(name) is None]
    steps = 1 + len(present) * (3 + len(REQUEST_ROWS))
    done = 0

    def said(detail: str) -> None:
        nonlocal done
        done += 1
        progress(PHASE, detail, done, steps)

    figures = [Figures(truths=(sleeping_truth(1.0),))]
    said("clock")
    for place, name in enumerate(present):
        left = seconds - (time.perf_counter() - begun)
        figures.append(_backend(name, left / (len(present) - place), said))
    return total(figures)


def _backend(name: str, seconds: float, said: Callable[[str], None]) -> Figures:
    """One backend's figures; what breaks is said and ends its part."""
    deadline = time.perf_counter() + seconds
    figures: list[Figures] = []
    doing = "starting"

    def share(of: int) -> float:
        return max(0.0, deadline - time.perf_counter()) / of

    try:
        with Workers(name, "cpu", cores(), 1) as worker:
            worker.submit(import_seconds).result()
            doing = "FLOPs"
            figures.append(Figures(flops=(worker.submit(flop_counts, SHAPES).result(),)))
            said(f"{name}, {doing}")
            doing = "stored answers"
            figures.append(Figures(stored=(worker.submit(stored_answers).result(),)))
            said(f"{name}, {doing}")
            for place, rows in enumerate(REQUEST_ROWS):
                doing = f"requests of {rows}"
                pairs, truth = worker.submit(request_checks, rows, share(len(REQUEST_ROWS) + 2 - place)).result()
                figures.append(Figures((pairs,), (truth,)))
                said(f"{name}, {doing}")
            doing = "training"
            if share(1) > 0:
                pairs, truth = worker.submit(training_checks, share(1)).result()
                figures.append(Figures((pairs,), (truth,)))
            else:
                figures.append(Figures((Pairs(f"{name}, training step", ()),)))
            said(f"{name}, {doing}")
    except Exception as error:  # noqa: BLE001 - a self-test says what broke, whatever it was
        figures.append(Figures(broken=((f"{name}, {doing}", f"{type(error).__name__}: {error}".splitlines()[0]),)))
    return total(figures)
