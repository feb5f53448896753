"""Where and how a study runs, what it keeps while it runs, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jointbench.study.profiles import ExtraModes
from jointbench.types import Engine, Float32Array, Weights

Progress = Callable[[str, str, int, int], None]
"""Called as work finishes with the phase, what it is busy with, and how much of the phase is done of how much."""


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """Where and how a study runs: what does not change what is trained.

    timing_seconds: what all timing may take. batch_sizes: of requests; extra_batch_sizes: those at which other paths than
    one network after the other are timed too. extras: on which datasets the engine, compiled programs and `predict` are.
    thread_counts: timing is repeated at each, () means ``threads`` alone. projections: on how many datasets the whole
    training is timed. memory_datasets: on how many datasets, the largest first, peak memory is measured; None: on all.
    references: fit the models that are no network too.
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
    extras: ExtraModes = "none"
    thread_counts: tuple[int, ...] = ()
    projections: int = 0
    references: bool = True

    @property
    def timed_threads(self) -> tuple[int, ...]:
        return self.thread_counts or (self.threads,)


@dataclass
class ScoredModels:
    """Trained weights and scored answers of the first split and seed (and, by dataset and arm, bytes of the
    saved networks): the models that were scored are the models that are timed."""

    weights: dict[str, Weights] = field(default_factory=dict)
    answers: dict[str, Float32Array] = field(default_factory=dict)
    saved: dict[str, dict[str, int]] = field(default_factory=dict)
