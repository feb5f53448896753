"""Stands in for the worker processes: calls at once, in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from jointbench.backends.protocols import Backend
from jointbench.runtime.workers import Workers


class InProcess(Workers):
    """Holds its backend itself, and keeps how many jobs each call of the engine was handed."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.device, self.count = backend, "cpu", 1
        self.stacks: list[int] = []

    def submit(self, function: Callable[..., Any], *args: Any, **_: Any) -> Future[Any]:
        if function.__name__ == "_fit_stacked":
            self.stacks.append(len(args[0]))
        future: Future[Any] = Future()
        try:
            future.set_result(function(self.backend, *args))
        except Exception as error:  # noqa: BLE001 - as a worker hands it over
            future.set_exception(error)
        return future

    def close(self) -> None:
        """There is no process to end."""
