"""What is timed: optimisation steps of an arm's networks, and requests to them. Runs inside a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from jointbench.architecture import Architecture
from jointbench.backends.base import Backend, Clock, Job, Server, Trainer
from jointbench.measure.clock import Paired, paired
from jointbench.measure.synchronised import synchronised
from jointbench.types import Float32Array, Weights

MAX_REQUESTS = 8
VISIT_SECONDS = 0.02
TRAINING_STEPS = 20


@dataclass(frozen=True, eq=False)
class Bundle:
    """An arm's trained networks, as they are timed: the jobs that trained them, and the weights they ended with.

    counts[i]: how many of the arm's networks have the shape of jobs[i]; training is timed once for each shape.
    """

    jobs: tuple[Job, ...]
    counts: tuple[int, ...]
    networks: tuple[tuple[Architecture, Weights], ...]


@dataclass(frozen=True, eq=False)
class TimedTraining:
    """Paired samples of TRAINING_STEPS steps, and per arm the cold seconds (build, first TRAINING_STEPS steps)."""

    samples: Paired
    cold: dict[str, tuple[float, float]]
    load: float


def time_training(backend: Backend, bundles: Mapping[str, Bundle], budget_seconds: float) -> TimedTraining:
    """Times each arm's training steps against the others', stock loop, one network after the other.

    Networks of equal shape cost the same by construction, so each shape is timed once and weighs its count.
    """
    clock = synchronised(backend.synchronise)
    made: dict[str, list[tuple[Trainer, int]]] = {}
    cold = {}
    for name, bundle in bundles.items():
        started = clock()
        trainers = [backend.trainer([job], TRAINING_STEPS) for job in bundle.jobs]
        built = clock()
        for trainer in trainers:
            trainer(time.perf_counter)
        cold[name] = (built - started, clock() - built)
        made[name] = list(zip(trainers, bundle.counts, strict=True))

    def visit(parts: Sequence[tuple[Trainer, int]]) -> list[float]:
        return [sum(count * trainer(time.perf_counter) for trainer, count in parts)]

    samples = paired({name: partial(visit, parts) for name, parts in made.items()}, budget_seconds)
    for parts in made.values():
        for trainer, _ in parts:
            trainer.close()
    return TimedTraining(samples, cold, os.getloadavg()[0])


def time_requests(
    backend: Backend, bundles: Mapping[str, Bundle], rows: Float32Array, batch_sizes: Sequence[int], budget_seconds: float
) -> dict[int, tuple[Paired, float]]:
    """Request latency of each arm at each batch size: all outputs of ``batch`` rows, numpy in, numpy out.

    The rows are test rows, repeated where a batch wants more than there are. Returns samples and load by batch size.
    """
    clock = synchronised(backend.synchronise)
    servers = {name: backend.server(bundle.networks) for name, bundle in bundles.items()}
    deadline = time.perf_counter() + budget_seconds
    results = {}
    for place, batch in enumerate(batch_sizes):
        request = np.ascontiguousarray(rows[np.arange(batch) % len(rows)])
        count = _requests_per_visit(servers.values(), request, clock)
        samplers = {name: partial(_ask, server, request, count, clock) for name, server in servers.items()}
        share = max(0.0, deadline - time.perf_counter()) / (len(batch_sizes) - place)
        results[batch] = (paired(samplers, share), os.getloadavg()[0])
    return results


def _requests_per_visit(servers: Iterable[Server], request: Float32Array, clock: Clock) -> int:
    """Up to MAX_REQUESTS, fewer where they are slow: a visit must stay short for turns to be close in time."""
    slowest = 0.0
    for server in servers:
        server(request)  # the first call of a shape traces or allocates
        slowest = max(slowest, *_ask(server, request, 1, clock))
    return max(1, min(MAX_REQUESTS, int(VISIT_SECONDS / max(slowest, 1e-9))))


def _ask(server: Server, request: Float32Array, count: int, clock: Clock) -> list[float]:
    seconds = []
    for _ in range(count):
        started = clock()
        server(request)
        seconds.append(clock() - started)
    return seconds
