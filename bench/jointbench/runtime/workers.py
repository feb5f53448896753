"""Worker processes: each holds one framework, loaded once, with its threads set before it starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from joblib.externals.loky import ProcessPoolExecutor, process_executor

from jointbench.backends.base import Backend
from jointbench.backends.registry import load

P = ParamSpec("P")
T = TypeVar("T")

_backend: Backend | None = None
_import_seconds = 0.0


def _start(name: str, device: str, threads: int) -> None:
    """Runs once in a new worker: loads its backend and notes how long that took."""
    global _backend, _import_seconds
    # loky replaces a worker that has grown by 300 MB, even in the middle of timing, and the new one imports again. The
    # caches of a framework and a set of images are no leak.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    started = time.perf_counter()
    with _quiet():
        _backend = load(name, device, threads)
    _import_seconds = time.perf_counter() - started


@contextmanager
def _quiet() -> Iterator[None]:
    """Drops what native code writes to standard error (TensorFlow greets before its log level is read)."""
    sys.stderr.flush()
    standard_error, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(null)


def _call(function: Callable[..., T], args: tuple[Any, ...]) -> T:
    assert _backend is not None
    return function(_backend, *args)


def import_seconds(_: Backend) -> float:
    """Seconds this worker took to import its framework."""
    return _import_seconds


def unusable_reason(backend: Backend) -> str | None:
    """Why the worker's framework cannot use its device; None where it can."""
    return backend.unusable_reason()


def failure_reason(error: Exception) -> str:
    """One line on what became of a worker's task."""
    if isinstance(error, BrokenProcessPool):
        return "the worker process died (out of memory?)"
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


class Workers:
    """``count`` processes with one framework each. Use as a context manager."""

    def __init__(self, backend: str, device: str, threads: int, count: int) -> None:
        self.device = device
        limits = {
            name: str(threads)
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        }
        self._executor = ProcessPoolExecutor(
            max_workers=count,
            initializer=_start,
            initargs=(backend, device, threads),
            env={**limits, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def submit(self, function: Callable[Concatenate[Backend, P], T], *args: P.args, **_: P.kwargs) -> Future[T]:
        """Calls ``function(backend, *args)`` in a worker."""
        future: Future[T] = self._executor.submit(_call, function, args)
        return future

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True, kill_workers=True)
