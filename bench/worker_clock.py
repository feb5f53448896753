"""A clock that moves by what a worker measured, so that pytest-benchmark's figures are the worker's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class WorkerClock:
    """Stands in for `time.perf_counter`: each call of `replay` moves it by the next of the loaded seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._samples: Iterator[float] = iter(())

    def load(self, seconds: Iterable[float]) -> None:
        self._samples = iter(seconds)

    def replay(self) -> None:
        self._now += next(self._samples, 0.0)

    def __call__(self) -> float:
        return self._now


CLOCK = WorkerClock()
