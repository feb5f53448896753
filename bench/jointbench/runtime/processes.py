"""Worker processes, each its own: one that dies takes its own task with it and is replaced; the rest goes on."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import psutil
from loky.backend.context import LokyContext
from loky.backend.process import LokyProcess
from loky.process_executor import ProcessPoolExecutor

from jointbench.data.shared_table import by_name
from jointbench.runtime import worker_process

P = ParamSpec("P")
T = TypeVar("T")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
PACKAGES = Path(__file__).parents[2]  # where this package is
STOPPED_CHECK_SECONDS = 5.0
# What a killed process leaves behind is cleaned up by a process of loky's, which says so: a warning about nothing to mend.
QUIET_CLEANING = "ignore:resource_tracker:UserWarning"
MOST_STOPPED_CHECKS = 3  # in a row that a process may be found stopped (SIGSTOP) before it counts as dead


def framework_environment(threads: int) -> dict[str, str]:
    """What a process needs in its environment before a framework is imported."""
    return {name: str(threads) for name in THREAD_VARIABLES} | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


class _Process(LokyProcess):  # type: ignore[misc]  # loky has no types
    """A process that runs a program of ours."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802 - loky's name
        if os.name != "posix":
            return LokyProcess._Popen(process)
        from loky.backend.popen_loky_posix import Popen

        # What loky starts is the module that the class says that it is in.
        return type("Popen", (Popen,), {"__module__": worker_process.__name__})(process)


class _Context(LokyContext):  # type: ignore[misc]  # loky has no types
    Process = _Process


@dataclass(frozen=True)
class Task:
    """A call and where its outcome goes."""

    future: Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]


class Processes:
    """``count`` processes that call functions. Use as a context manager; a process starts with its first task.

    start, start_args: called once in every new process. threads: what numerical libraries may use there. fresh: every
    task gets a new process. own: what each process, and whichever replaces it, finds in its environment beside that of
    all. A task's future holds its result or what went wrong; BrokenProcessPool stands for a process
    that died.
    """

    def __init__(
        self,
        count: int,
        threads: int,
        start: Callable[..., None] | None = None,
        start_args: tuple[Any, ...] = (),
        *,
        fresh: bool = False,
        own: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self._start, self._start_args, self._fresh, self._own = start, start_args, fresh, own
        self._environment = framework_environment(threads) | {
            worker_process.PARENT: str(os.getpid()),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH")))),
            "PYTHONSAFEPATH": "1",  # a random.py in the current folder must not be imported for the library's
            # loky replaces a worker that has grown by 300 MB, in the middle of timing and with another import to pay
            # for; a framework's caches and a set of images are no leak.
            "LOKY_MAX_MEMORY_LEAK_SIZE": str(sys.maxsize),
        }
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._executors: dict[int, ProcessPoolExecutor] = {}
        self._pids: dict[int, int] = {}
        self._closed = False
        if QUIET_CLEANING not in sys.warnoptions:
            sys.warnoptions.append(QUIET_CLEANING)  # what loky starts gets these
        self._servers = [threading.Thread(target=self._serve, args=(n,), daemon=True) for n in range(count)]
        for server in self._servers:
            server.start()

    def submit(self, function: Callable[P, T], *args: P.args, **_: P.kwargs) -> Future[T]:
        """Calls ``function(*args)`` in the next process that is free."""
        future: Future[T] = Future()
        self._tasks.put(Task(future, function, args))
        return future

    def _serve(self, number: int) -> None:
        """Hands tasks to one process, one after the other, and starts another process where that one died."""
        while (task := self._tasks.get()) is not None:
            if self._closed:
                task.future.cancel()
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                result = self._run(number, task)
            except BaseException as error:  # noqa: BLE001 - whatever broke belongs to whoever waits for the future
                task.future.set_exception(error)
            else:
                task.future.set_result(result)
        self._end(number)

    def _run(self, number: int, task: Task) -> Any:
        try:
            if number in self._executors and not _is_alive(self._pids[number]):
                self._end(number)  # it died between two tasks, and takes none with it
            if number not in self._executors:
                executor = self._executors[number] = ProcessPoolExecutor(
                    1,
                    context=_Context(),
                    job_reducers={np.memmap: by_name},
                    initializer=_begin,
                    initargs=(self._start, self._start_args),
                    env={**self._environment, **(self._own[number % len(self._own)] if self._own else {})},
                )
                if self._closed:  # which ended the executors that were there, perhaps before this one
                    raise CancelledError
                self._pids[number] = executor.submit(os.getpid).result()
            return _outcome(self._executors[number].submit(task.function, *task.args), self._pids[number])
        except BrokenProcessPool:
            self._end(number)
            raise
        finally:
            if self._fresh:
                self._end(number)

    def _end(self, number: int) -> None:
        if (executor := self._executors.pop(number, None)) is not None:
            executor.shutdown(wait=True, kill_workers=True)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what waits and ends every process, whatever it is doing."""
        self._closed = True
        for _server in self._servers:
            self._tasks.put(None)
        for executor in list(self._executors.values()):
            executor.shutdown(wait=True, kill_workers=True)
        for server in self._servers:
            server.join()


def _outcome(future: Future[T], pid: int) -> T:
    """The task's result. A process that someone stopped and did not wake is killed, so that nothing waits for ever."""
    stopped = 0
    while True:
        try:
            return future.result(timeout=STOPPED_CHECK_SECONDS)
        except TimeoutError:
            if future.done():  # the task itself may raise one
                return future.result()
            stopped = stopped + 1 if _is_stopped(pid) else 0
            if stopped == MOST_STOPPED_CHECKS:
                os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is_stopped(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def _begin(start: Callable[..., None] | None, args: tuple[Any, ...]) -> None:
    """Runs once in a new process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what ends
    if start is not None:
        start(*args)
