"""What training asks of workers, wherever they are: processes of this machine, or a cluster's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, Protocol, Self, TypeVar

from jointbench.backends.protocols import Backend

P = ParamSpec("P")
T = TypeVar("T")


class Executor(Protocol):
    """Workers that hold one framework, with which they call functions. Use as a context manager.

    count: workers that there are now. capacity: tasks to hand over before the first of them has ended. A future holds
    its task's result, or what went wrong with it.
    """

    device: str

    @property
    def count(self) -> int: ...

    @property
    def capacity(self) -> int: ...

    def submit(self, function: Callable[Concatenate[Backend, P], T], *args: P.args, **_: P.kwargs) -> Future[T]:
        """Calls ``function(backend, *args)`` on a worker."""
        ...

    def close(self) -> None:
        """Lets go of the workers, whatever they are doing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class WorkersLost(Exception):
    """A task whose worker was lost, and then the one that tried it again."""
