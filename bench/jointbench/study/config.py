"""Where and how a study runs, how it reports progress, and the models that it keeps from training to timing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.runtime.gpus import Gpu
from jointbench.study.plan import Plan
from jointbench.study.profiles import ExtraModes
from jointbench.types import Engine, Float32Array, Weights

Progress = Callable[[str, str, float, float], None]
"""Called as work finishes: phase, what it works on, work done, work in all. Where a phase begins another round of work,
both start anew."""


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """Where and how a study runs: what does not change what is trained.

    timing_seconds: what all timing may take. batch_sizes: rows of a request. extra_batch_sizes: rows at which the paths
    other than one network after the other are timed too. device_batch_sizes: of further requests, to an accelerator.
    extras: the datasets on which the engine, compiled programs, ONNX Runtime and `predict` are timed. thread_counts: timing is repeated at each; () means ``threads`` alone. projections: number
    of datasets whose whole training is timed. energy_seconds: what the joules of a dataset on a framework may take,
    energy_datasets: of how many. memory_datasets: number of datasets, the largest first, whose peak memory
    is measured; None: all. references: also fit the models that are no networks. rounds: of training, at the most;
    training_seconds: what they may take, criteria: when a comparison is decided and needs no further one. cluster: the
    address of the Dask cluster that trains, "" for ``jobs`` processes of this machine; all else is done here. gpus: those
    that train, a process each; the first alone is measured on.
    """

    backends: tuple[str, ...]
    devices: tuple[str, ...]
    engine: Engine
    jobs: int
    threads: int
    batch_sizes: tuple[int, ...]
    timing_seconds: float
    memory_datasets: int | None = 0
    extra_batch_sizes: tuple[int, ...] = (1,)
    device_batch_sizes: tuple[int, ...] = ()
    extras: ExtraModes = "none"
    thread_counts: tuple[int, ...] = ()
    projections: int = 0
    energy_seconds: float = 0.0
    energy_datasets: int = 0
    references: bool = True
    rounds: int = 1
    training_seconds: float = math.inf
    criteria: VerdictCriteria = DEFAULT_CRITERIA
    cluster: str = ""
    gpus: tuple[Gpu, ...] = ()

    @property
    def measures(self) -> bool:
        """Is anything timed or weighed?"""
        return self.timing_seconds > 0 or self.projections > 0

    @property
    def timed_threads(self) -> tuple[int, ...]:
        return self.thread_counts or (self.threads,)

    def jobs_on(self, device: str) -> int:
        """Processes of this machine that train on the device: a second one on a GPU would only wait for the first."""
        return self.jobs if device == "cpu" else max(len(self.gpus), 1)

    def weighing_jobs_on(self, device: str) -> int:
        """Processes that are weighed at a time."""
        return self.jobs if device == "cpu" else 1

    def gpus_on(self, device: str) -> tuple[str, ...]:
        """What each of those processes is shown, by the word for CUDA."""
        return () if device == "cpu" else tuple(gpu.uuid for gpu in self.gpus)


Concluded = Callable[[BenchmarkCell], None]
"""Called with the records of a dataset on a backend when its first round of training is done."""
Listeners = tuple[Progress, Concluded]


@dataclass
class ScoredModels:
    """The models of the first split and seed, kept so that the scored models are the ones that are timed.

    checkpoints (the weights of each epoch that is kept), answers (test rows, units, of each network that is served of
    it): by network id. saved: bytes of the saved networks, by dataset and arm. plans:
    by dataset (a table on its fewest rows), what was trained of it in the end.
    """

    checkpoints: dict[str, tuple[Weights, ...]] = field(default_factory=dict)
    answers: dict[str, tuple[Float32Array, ...]] = field(default_factory=dict)
    saved: dict[str, dict[str, int]] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
