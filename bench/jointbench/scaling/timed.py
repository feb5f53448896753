"""Timing one line of cells, inside a worker: joint against each other arm, in alternating visits."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from jointbench.backends.base import Clock, Job, Server, Trainer
from jointbench.backends.protocols import Backend, ServingBackend
from jointbench.measure.device_clock import device_clock
from jointbench.measure.paired_timing import MIN_BLOCKS, enough_seconds, log_ratios, paired, visit_count
from jointbench.networks.architecture import Architecture
from jointbench.networks.initialization import initial_weights
from jointbench.scaling.points import FEATURES, JOINT, SweepLine, arms_of
from jointbench.types import Float32Array, Recipe, Weights

ROWS = 2_048
STEPS = 5  # optimisation steps in a visit
REQUESTS = 8  # requests in a visit, fewer where they are slow
DISTINCT = 4  # networks of one shape that a request really evaluates; further ones are counted at the same cost
MOST_BLOCKS = 40
LONGEST_SECONDS = 6.0  # the most that a cell is timed where its share is shorter

Sampler = Callable[[], list[float]]


@dataclass(frozen=True)
class CellTiming:
    """A cell's result: by other arm joint / other in each block, and each arm's median seconds; else the reason."""

    outputs: int
    block_ratios: dict[str, tuple[float, ...]]
    seconds: dict[str, float]
    reason: str = ""


def time_line(backend: Backend, line: SweepLine, counts: Sequence[int], budget_seconds: float) -> list[CellTiming]:
    """Times the cells of a line in the order of ``counts``, each as long as its share of the budget.

    counts: numbers of outputs. Cells that exceed the budget are returned with that as their reason, but the first two
    (the noise floor and the reference) are always timed.
    """
    started = time.perf_counter()
    results = []
    longest = 0.0
    for done, outputs in enumerate(counts):
        left = budget_seconds - (time.perf_counter() - started)
        if done > 1 and left < longest / 2:
            results.append(CellTiming(outputs, {}, {}, f"not measured: this line's {budget_seconds:.1f} s were spent"))
            continue
        cell_started = time.perf_counter()
        results.append(_time_cell(backend, line, outputs, max(0.0, left) / (len(counts) - done)))
        longest = max(longest, time.perf_counter() - cell_started)
    return results


def _time_cell(backend: Backend, line: SweepLine, outputs: int, share: float) -> CellTiming:
    started = time.perf_counter()
    with _samplers(backend, line, outputs) as samplers:
        for sample in samplers.values():
            sample()
        warm = time.perf_counter()
        for sample in samplers.values():
            sample()
        visits = time.perf_counter() - warm
        # A ratio without an interval is worthless: MIN_BLOCKS are taken beyond the share, up to LONGEST_SECONDS.
        budget = enough_seconds(visits, share - (warm - started), LONGEST_SECONDS)
        samples = paired(samplers, budget, MOST_BLOCKS, clock=time.perf_counter)
    medians = np.median(samples.seconds, axis=1)
    visitor = np.array(samples.order)
    seconds = {name: float(np.median(medians[visitor == name])) for name in samplers}
    ratios = {other: np.exp(log_ratios(samples, JOINT, other)) for other in samplers if other != JOINT}
    blocks = len(next(iter(ratios.values())))
    if blocks < MIN_BLOCKS:
        return CellTiming(
            outputs, {}, seconds, f"not measured: {blocks} blocks in the time given, {MIN_BLOCKS} are needed"
        )
    rounded = {other: tuple(float(f"{ratio:.5g}") for ratio in values) for other, values in ratios.items()}
    return CellTiming(outputs, rounded, seconds)


@contextmanager
def _samplers(backend: Backend, line: SweepLine, outputs: int) -> Iterator[dict[str, Sampler]]:
    arms = arms_of(line, outputs)
    if line.scenario == "request":
        yield _request_samplers(backend, arms, line.batch_size)
        return
    trainers = {
        name: [
            (backend.trainer([_job(network, line.batch_size)], STEPS), count)
            for network, count in Counter(networks).items()
        ]
        for name, networks in arms.items()
    }
    try:
        yield {name: partial(_train, parts) for name, parts in trainers.items()}
    finally:
        for parts in trainers.values():
            for trainer, _ in parts:
                trainer.close()


def _train(parts: Sequence[tuple[Trainer, int]]) -> list[float]:
    """Seconds of one step of each network, summed. Networks of one shape cost the same: one is timed and counted."""
    return [sum(count * trainer(time.perf_counter) for trainer, count in parts) / STEPS]


def _request_samplers(
    backend: ServingBackend, arms: Mapping[str, Sequence[Architecture]], batch_size: int
) -> dict[str, Sampler]:
    """A sampler of requests for all outputs, for each arm.

    Up to DISTINCT networks are evaluated, so that they compete for caches as in use, and the seconds are scaled to all
    networks: building a hundred would take longer than timing them.
    """
    rows = np.random.default_rng(0).normal(size=(batch_size, FEATURES)).astype(np.float32)
    servers = {
        name: backend.server([(network, _weights(network, seed)) for seed, network in enumerate(networks[:DISTINCT])])
        for name, networks in arms.items()
    }
    clock = device_clock(backend.synchronise, time.perf_counter)
    quickest = math.inf
    for server in servers.values():
        server(rows)  # the first call of a shape traces or allocates
        quickest = min(quickest, *_time_requests(server, rows, clock, 1.0, 1))
    count = visit_count(quickest, REQUESTS)
    return {
        name: partial(_time_requests, server, rows, clock, len(arms[name]) / len(arms[name][:DISTINCT]), count)
        for name, server in servers.items()
    }


def _time_requests(server: Server, rows: Float32Array, clock: Clock, weight: float, count: int) -> list[float]:
    """Seconds of each of ``count`` requests, times ``weight``."""
    seconds = []
    for _ in range(count):
        started = clock()
        server(rows)
        seconds.append((clock() - started) * weight)
    return seconds


def _weights(network: Architecture, seed: int) -> Weights:
    return initial_weights(network, [f"output_{i}" for i in range(len(network.heads))], seed)


def _job(network: Architecture, batch_size: int) -> Job:
    """A training job on generated rows; what it learns does not matter."""
    rng = np.random.default_rng(0)
    rows = max(ROWS, 4 * batch_size)
    features = rng.normal(size=(rows, FEATURES)).astype(np.float32)
    targets = rng.normal(size=(rows, len(network.heads))).astype(np.float32)
    order = np.arange(rows)
    return Job(
        architecture=network,
        recipe=Recipe(optimizer="adam", batch_size=batch_size),
        features=features,
        targets=targets,
        weights=np.ones_like(targets),
        train=order,
        validation=order[:32],
        test=order[:32],
        loss_weights=(1.0,) * len(network.heads),
        initial=_weights(network, 0),
        seed=0,
    )
