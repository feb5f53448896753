"""What runs in a worker so that its memory can be read: an arm's networks saved, trained or served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend, MemoryBackend
from jointbench.measure.process_memory import peak_bytes, reset_peak
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Networks = Sequence[tuple[Architecture, Weights]]
EPOCHS = 2  # the second adds the copy of better weights, later ones add nothing
REQUESTS = 3


def saved_bytes(backend: MemoryBackend, arms: Mapping[str, Networks]) -> dict[str, int]:
    """Bytes of each arm's networks as saved files, the sum over them.

    Files hold shapes and raw numbers, so networks of equal architecture weigh the same and are saved once.
    """
    sizes: dict[Architecture, int] = {}
    for networks in arms.values():
        for architecture, weights in networks:
            if architecture not in sizes:
                sizes[architecture] = backend.saved_bytes(architecture, weights)
    return {name: sum(sizes[architecture] for architecture, _ in networks) for name, networks in arms.items()}


def training_peak(backend: Backend, jobs: Sequence[Job]) -> tuple[int, int | None]:
    """(resident, on the device): peaks in bytes of fitting the networks one after the other, EPOCHS epochs each,
    by the stock loop with its validation and early stopping. The rows are resident all the time."""
    reset_peak()
    for job in jobs:
        backend.fit(replace(job, recipe=replace(job.recipe, max_epochs=min(EPOCHS, job.recipe.max_epochs))))
    return peak_bytes(), backend.device_peak_bytes()


def serving_peak(backend: Backend, networks: Networks, rows: Float32Array, batch: int) -> tuple[int, int | None]:
    """(resident, on the device): peaks in bytes of serving the networks, with REQUESTS requests of ``batch`` rows."""
    reset_peak()
    server = backend.server(networks)
    request = np.ascontiguousarray(rows[np.arange(batch) % len(rows)])
    for _ in range(REQUESTS):
        server(request)
    return peak_bytes(), backend.device_peak_bytes()
