"""Where and how a study runs, what it keeps while it runs, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jointbench.types import Engine, Weights

Progress = Callable[[str, str, int, int], None]
"""Called as work finishes with the phase, what it is busy with, and how much of the phase is done of how much."""




@dataclass(frozen=True)
class Conditions:
    """Where and how a study runs: what does not change what is trained.

    memory_datasets: on how many datasets, the largest first, peak memory is measured; None: on all.
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
    references: bool = True


@dataclass
class Kept:
    """Trained weights of the first split and seed: the models that were scored are the models that are timed."""

    weights: dict[str, Weights] = field(default_factory=dict)
