"""Workers of a Dask cluster: other processes, on this machine or others, that have jointbench installed.

Dask says which worker takes which task, moves data and notices what is lost. A task whose worker is lost is tried once
more, on another; after the second loss its future holds WorkersLost.
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from jointbench.backends.protocols import Backend
from jointbench.errors import BadInput, DidNotFinish, first_line
from jointbench.runtime.executor import WorkersLost
from jointbench.runtime.processes import framework_environment
from jointbench.runtime.workers import loaded

if TYPE_CHECKING:
    from distributed import Client

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_SECONDS, WORKER_SECONDS, COUNT_SECONDS = 5, 30, 5
MOST_LOST = 1  # workers that a task may lose before it fails
ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^/\s]+:(\d{1,5})")
LAST_PORT = 65_535
LARGE_TASK = "4 GB"  # Dask warns of tasks of 10 MB; a stack's table is sent with it

_backends: dict[tuple[str, str], Backend] = {}


def connect(address: str) -> Client:
    """A client of the cluster, with a worker at least.

    Raises BadInput where Dask is not installed, the address is none or nothing answers there, no worker comes, or one has several
    threads: frameworks keep what they hold for a whole process.
    """
    match = ADDRESS.fullmatch(address)
    if match is None or int(match.group(2)) > LAST_PORT:
        raise BadInput(f"--cluster {address!r}: name a Dask scheduler's address, such as tcp://host:8786")
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise BadInput("--cluster needs Dask: pip install 'jointbench[cluster]', here and on the workers") from error
    dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE_TASK})
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is said by its record
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise BadInput(
            f"--cluster {address}: no Dask scheduler answers there ({first_line(error)}); name the address that "
            "`dask scheduler` prints, such as tcp://host:8786"
        ) from error
    try:
        _require_workers(client, address)
    except BaseException:
        client.close()
        raise
    return client


def _require_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        raise BadInput(
            f"--cluster {address}: it has no worker; start some with `dask worker {address} --nthreads 1`"
        ) from error
    for name, threads in client.nthreads().items():
        if threads != 1:
            raise BadInput(
                f"--cluster {address}: the worker {name} has {threads} threads; start workers with --nthreads 1, and "
                "--nworkers for several on a machine"
            )


class DaskWorkers:
    """The workers of a cluster, each with the backend on the device. Use as a context manager.

    Raises BadInput as ``connect`` does.
    """

    def __init__(self, backend: str, device: str, threads: int, address: str) -> None:
        self.device, self._address = device, address
        self._setup = backend, device, threads
        self._client = connect(address)
        self._client.run_on_scheduler(_allowing(MOST_LOST))
        # Tasks are functions of their arguments and have no names: one that is tried again is not another's.
        self._executor = self._client.get_executor(pure=False, retries=0)
        self._count, self._counted = 1, -math.inf

    @property
    def count(self) -> int:
        """Workers that there are about now; they may come and go."""
        if time.monotonic() > self._counted + COUNT_SECONDS:
            found = self._client.scheduler_info(n_workers=-1).get("workers", {})  # none while a scheduler is sought
            self._count, self._counted = max(1, len(found)), time.monotonic()
        return self._count

    @property
    def capacity(self) -> int:
        """One task for each worker: Dask counts a lost worker against every task that it had, begun or not."""
        return self.count

    def submit(self, function: Callable[Concatenate[Backend, P], T], *args: P.args, **_: P.kwargs) -> Future[T]:
        """Calls ``function(backend, *args)`` on a worker. Raises DidNotFinish where the scheduler is gone."""
        from distributed.client import ClosedClientError

        outer: Future[T] = Future()
        try:
            inner: Future[T] = self._executor.submit(_call, self._setup, function, args)
        except ClosedClientError as error:
            raise self._gone() from error
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        return outer

    def _pass_on(self, done: Future[T], outer: Future[T]) -> None:
        from distributed.scheduler import KilledWorker

        try:
            outer.set_result(done.result())
        except CancelledError:
            outer.set_exception(self._gone())
        except KilledWorker as error:
            outer.set_exception(
                WorkersLost(
                    f"two workers were lost that trained it, the last at {error.last_worker.address} (out of memory?)"
                )
            )
        except BaseException as error:  # noqa: BLE001 - whatever broke belongs to whoever waits for the future
            outer.set_exception(error)

    def _gone(self) -> DidNotFinish:
        return DidNotFinish(f"the Dask scheduler at {self._address} is gone; the records that came are kept")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what waits; the workers belong to whoever started them, and stay."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _allowing(lost: int) -> Callable[..., None]:
    """What sets how many lost workers the scheduler allows a task."""

    def allow(dask_scheduler: Any) -> None:
        dask_scheduler.allowed_failures = lost

    return allow


def _call(setup: tuple[str, str, int], function: Callable[..., T], args: tuple[Any, ...]) -> T:
    """Runs on a worker, which keeps the backends that it has loaded."""
    name, device, threads = setup
    if (name, device) not in _backends:
        os.environ.update(framework_environment(threads))
        _backends[name, device] = loaded(name, device, threads)
    return function(_backends[name, device], *args)
