"""Worker processes: each holds one framework, loaded once, with its threads set before it starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from jointbench.backends.protocols import Backend
from jointbench.backends.registry import load
from jointbench.errors import CannotLoad, in_a_line, shortage
from jointbench.measure.elapsed import since
from jointbench.measure.process_memory import peak_unavailable_reason, resident_bytes
from jointbench.runtime.executor import Executor, WorkersLost
from jointbench.runtime.gpus import VISIBLE
from jointbench.runtime.processes import Processes

P = ParamSpec("P")
T = TypeVar("T")

_backend: Backend | None = None
_unloaded: CannotLoad | None = None  # why there is no backend
_import_seconds = 0.0
_resident_bytes = 0


def _start(name: str, device: str, threads: int) -> None:
    """Runs once in a new worker: loads its backend and notes how long that took, and how much memory.

    One that cannot be loaded fails the tasks: a worker that broke off here would look like one that was killed.
    """
    global _backend, _unloaded, _import_seconds, _resident_bytes
    started = time.perf_counter()
    try:
        _backend = loaded(name, device, threads)
    except CannotLoad as error:
        _unloaded = error
    _import_seconds = since(started)
    if peak_unavailable_reason() is None:
        _resident_bytes = resident_bytes()


def loaded(name: str, device: str, threads: int) -> Backend:
    """The backend, for this process. Raises CannotLoad."""
    try:
        with quiet():
            return load(name, device, threads)
    except Exception as error:
        raise CannotLoad(f"{name} cannot be loaded ({failure_reason(error)})") from error


@contextmanager
def quiet() -> Iterator[None]:
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
    if _backend is None:
        assert _unloaded is not None
        raise _unloaded
    return function(_backend, *args)


def import_seconds(_: Backend) -> float:
    """Seconds this worker took to import its framework."""
    return _import_seconds


def start_bytes(_: Backend) -> int:
    """Resident bytes of this worker once its framework was imported, before any data; 0 where none can be read."""
    return _resident_bytes


def unloadable_reason(workers: Executor) -> str | None:
    """Why the workers cannot load their framework; None where they can, and where none lived to say so."""
    try:
        workers.submit(import_seconds).result()
    except CannotLoad as error:
        return failure_reason(error)
    except Exception:  # noqa: BLE001 - a worker that died: the tasks to come get new ones
        return None
    return None


def unusable_reason(backend: Backend) -> str | None:
    """Why the worker's framework cannot use its device; None where it can."""
    return backend.unusable_reason()


def unusable_device_reason(workers: Executor) -> str | None:
    """Why the workers' framework cannot use the accelerator that the machine has, by its own answer; None where it can."""
    try:
        return workers.submit(unusable_reason).result()
    except Exception as error:  # noqa: BLE001 - whatever broke in the worker becomes a record
        return failure_reason(error)


def failure_reason(error: BaseException) -> str:
    """One line on what became of a worker's task."""
    if isinstance(error, BrokenProcessPool):
        return "the worker process died (out of memory?)"
    if isinstance(error, WorkersLost | CannotLoad):
        return str(error)
    if (short := shortage(error)) is not None:
        return short
    return in_a_line(error)


class Workers:
    """``count`` processes of this machine with one framework each. Use as a context manager.

    A worker that dies fails its own task with BrokenProcessPool; the next task gets a new worker. fresh: every task
    gets one. gpus: the GPUs, one for each worker, which sees no other, and for whichever replaces it; () shows all to
    all.
    """

    def __init__(
        self, backend: str, device: str, threads: int, count: int, *, fresh: bool = False, gpus: Sequence[str] = ()
    ) -> None:
        self.device, self.count = device, count
        own = [{VISIBLE: gpu} for gpu in gpus]
        self._processes = Processes(count, threads, _start, (backend, device, threads), fresh=fresh, own=own)

    @property
    def capacity(self) -> int:
        """One task ahead of each worker, so that none waits and few arrays do."""
        return 2 * self.count

    def submit(self, function: Callable[Concatenate[Backend, P], T], *args: P.args, **_: P.kwargs) -> Future[T]:
        """Calls ``function(backend, *args)`` in a worker."""
        return self._processes.submit(_call, function, args)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes, whatever they are doing."""
        self._processes.close()
