"""The workers that train: on a cluster, or here, where they import their framework while reference models are fitted."""

from __future__ import annotations

from jointbench.backends.registry import unavailable_reason
from jointbench.runtime.dask_workers import DaskWorkers
from jointbench.runtime.executor import Executor
from jointbench.runtime.workers import Workers, import_seconds
from jointbench.study.config import StudyConfig


class EarlyWorkers:
    """The training workers of a study's first backend and device, started at once where they are processes of this
    machine. Use as a context manager."""

    def __init__(self, config: StudyConfig) -> None:
        self._cell: tuple[str, str] | None = None
        self._workers: Workers | None = None
        self._config = config
        if config.cluster:
            return
        for backend in config.backends:
            if unavailable_reason(backend) is None:
                device = config.devices[0]
                self._cell, self._workers = (backend, device), self._new(backend, device)
                for _ in range(config.jobs_on(device)):
                    self._workers.submit(import_seconds)  # should it fail, the work that follows says so
                return

    def take(self, backend: str, device: str) -> Executor:
        """Training workers of this backend and device, which the caller ends: those that were started, or new ones."""
        if self._config.cluster:
            return DaskWorkers(backend, device, 1, self._config.cluster)
        if self._workers is not None and self._cell == (backend, device):
            taken, self._workers = self._workers, None
            return taken
        self.close()  # of a cell that had nothing to train: they would hold its GPU while another cell is timed
        return self._new(backend, device)

    def _new(self, backend: str, device: str) -> Workers:
        config = self._config
        return Workers(backend, device, 1, config.jobs_on(device), gpus=config.gpus_on(device))

    def close(self) -> None:
        """Ends those that nobody took."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def __enter__(self) -> EarlyWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
