"""A real Dask cluster on this machine: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
START_SECONDS = 30.0


class Cluster:
    """A scheduler at ``address``, and the workers that were started for it. before: words before each command."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", before: Sequence[str] = ()) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://{host}:{port}"
        words = ("scheduler", "--host", host, "--port", str(port), "--no-dashboard")
        self.scheduler = self._start(words, before, {})

    def worker(self, before: Sequence[str] = (), *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """One more worker; ``workers_ready`` waits for it."""
        words = ("worker", self.address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder))
        return self._start((*words, *options), before, environment)

    def _start(self, words: Sequence[str], before: Sequence[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join([str(ROOT / "bench"), str(ROOT / "tests" / "runtime"), str(ROOT / "tests")])
        # The version check after each start asks a server for news; nothing here has a network.
        environment = os.environ | {"PYTHONPATH": paths, "PYTHONWARNINGS": ""} | more
        command = [*before, sys.executable, "-m", "dask", *words]
        with (self._folder / f"{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self._started.append(process)
        return process

    def workers_ready(self, count: int) -> None:
        """Waits until the scheduler has so many workers."""
        from distributed import Client

        with Client(self.address, timeout=START_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=START_SECONDS)

    def close(self) -> None:
        for process in reversed(self._started):
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and all that it started at once, as a machine that is lost does."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    for pid in (process.pid, *(member.pid for member in family)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    time.sleep(0.05)


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    started = Cluster(folder)
    try:
        for _ in range(workers):
            started.worker()
        if workers:
            started.workers_ready(workers)
        yield started
    finally:
        started.close()
