"""The self-test's checks, inside a worker: pairs of copies, known truths, stored answers, FLOP counts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from jointbench.backends.base import Backend, Server, Trainer
from jointbench.benchmarks.engine import FEATURES, wine_shaped_job
from jointbench.benchmarks.requests import RequestSampler, request_pool
from jointbench.measure.device_clock import device_clock
from jointbench.measure.paired_timing import (
    MIN_BLOCKS,
    TARGET_HALF_WIDTH,
    enough_seconds,
    log_ratios,
    paired,
    visit_count,
)
from jointbench.networks.architecture import architecture
from jointbench.networks.flops import inference_flops_per_row, train_flops_per_row
from jointbench.self_test.decide import TOLERANCE, TRUTH, AAPairs, FlopCounts, KnownRatio, StoredAnswerCheck
from jointbench.stats.estimate import Estimate
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import Float32Array, Output, Shape

REPEATS = 20
COPIES = 5  # so many copies make REPEATS ordered pairs
UNITS = 10  # of work in a visit of the known truths; a tenth more is one more
TRUTH_SHARE = 0.2  # of a kind's time; the pairs have the rest
TRUTH_TARGET = TOLERANCE / 2  # half-width: a truth known only to its tolerance would miss it once in twenty
SLEEP_SECONDS = 0.005
LONGEST_SECONDS = 3.0  # that a ratio may take beyond its share
ROWS = 256  # the requests' rows are taken from these

Sampler = Callable[[], list[float]]


def ratio_of(
    samplers: Mapping[str, Sampler], budget_seconds: float, target: float = TARGET_HALF_WIDTH
) -> Estimate | None:
    """First over second in turns, as every ratio of this program is measured; None where the time was too short."""
    first, second = samplers
    begun = time.perf_counter()
    for sample in samplers.values():
        sample()
    budget = enough_seconds(time.perf_counter() - begun, budget_seconds, LONGEST_SECONDS)
    logs = log_ratios(paired(samplers, budget, clock=time.perf_counter, target=target), first, second)
    return time_ratio(logs) if len(logs) >= MIN_BLOCKS else None


def copies_in_pairs(name: str, copies: Sequence[Sampler], budget_seconds: float) -> AAPairs:
    """Ratios of copies to each other, every copy as often first as second; fewer than REPEATS if time runs out."""
    deadline = time.perf_counter() + budget_seconds
    ratios: list[Estimate] = []
    # A pair and its reverse follow one another, so that what a copy is by itself cancels in the mean.
    pairs = [ordered for a, b in itertools.combinations(copies, 2) for ordered in ((a, b), (b, a))][:REPEATS]
    for done, (a, b) in enumerate(pairs):
        left = deadline - time.perf_counter()
        if left <= 0 and done:
            break
        if (ratio := ratio_of({"A": a, "B": b}, max(0.0, left) / (len(pairs) - done))) is not None:
            ratios.append(ratio)
    return AAPairs(name, tuple(ratios))


def training_checks(backend: Backend, budget_seconds: float) -> tuple[AAPairs, KnownRatio]:
    """Training steps: copies in pairs, and one that takes a tenth more steps."""
    begun = time.perf_counter()
    trainers = [backend.trainer([wine_shaped_job(0, 1)], UNITS) for _ in range(COPIES + 1)]
    more, *copies = trainers

    def visit(trainer: Trainer) -> list[float]:
        return [trainer(time.perf_counter)]

    def left() -> float:
        return budget_seconds - (time.perf_counter() - begun)

    try:
        step_seconds = min(visit(trainer)[0] for trainer in trainers for _ in range(2)) / UNITS
        more.resize(round(TRUTH * UNITS))
        truth = ratio_of(
            {"more": partial(visit, more), "A": partial(visit, copies[0])}, left() * TRUTH_SHARE, TRUTH_TARGET
        )
        for copy in copies:
            copy.resize(visit_count(step_seconds, UNITS))
        pairs = copies_in_pairs(f"{backend.name}, training step", [partial(visit, copy) for copy in copies], left())
    finally:
        for trainer in trainers:
            trainer.close()
    return pairs, KnownRatio(f"{backend.name}, a tenth more steps", truth)


def request_checks(backend: Backend, batch_size: int, budget_seconds: float) -> tuple[AAPairs, KnownRatio]:
    """Requests: copies in pairs, and one that answers a tenth more of them in the same visit."""
    begun = time.perf_counter()
    clients = _clients(backend, COPIES + 1)
    pool = request_pool(clients[0].rows, batch_size)
    for client in clients:
        client.prepare(pool)
        client.count = UNITS
    more, *copies = clients

    def visit(client: RequestSampler) -> list[float]:
        return [sum(client())]

    def left() -> float:
        return budget_seconds - (time.perf_counter() - begun)

    request_seconds = min(visit(client)[0] for client in clients for _ in range(2)) / UNITS
    more.count = round(TRUTH * UNITS)
    truth = ratio_of({"more": partial(visit, more), "A": partial(visit, copies[0])}, left() * TRUTH_SHARE, TRUTH_TARGET)
    for copy in copies:
        copy.count = visit_count(request_seconds, UNITS)
    name = f"{backend.name}, request of {batch_size} row{'s' if batch_size > 1 else ''}"
    return copies_in_pairs(name, copies, left()), KnownRatio(f"{name}, a tenth more of them", truth)


def sleeping_truth(budget_seconds: float) -> KnownRatio:
    """The clock alone: one that sleeps a tenth longer."""

    def visit(seconds: float) -> list[float]:
        started = time.perf_counter()
        time.sleep(seconds)
        return [time.perf_counter() - started]

    samplers = {"more": partial(visit, TRUTH * SLEEP_SECONDS), "A": partial(visit, SLEEP_SECONDS)}
    return KnownRatio("a tenth more sleep", ratio_of(samplers, budget_seconds))


class StoredAnswer:
    """A server that answers once and then gives that answer to everyone: what a timing must not be fooled by."""

    def __init__(self, server: Server, rows: Float32Array) -> None:
        self._answer = server(rows)

    def __call__(self, rows: Float32Array) -> list[np.typing.NDArray[np.floating]]:
        return self._answer


def stored_answers(backend: Backend) -> StoredAnswerCheck:
    """What refuses stored answers when requests are timed, tried on a real server and on one that stores."""
    (client,) = _clients(backend, 1)
    real_passes = client.wrong_at_first() is None
    client.server = StoredAnswer(client.server, client.rows[:1])
    return StoredAnswerCheck(backend.name, real_passes, client.wrong_at_first() is not None)


def flop_counts(backend: Backend, shapes: int, seed: int = 0) -> FlopCounts:
    """Closed form against the framework's counter on random shapes, dense and convolutional, both passes."""
    rng = np.random.default_rng(seed)
    different = 0
    for number in range(shapes):
        image = number % 4 == 3
        input_shape = (*(int(n) for n in rng.integers(6, 14, 2)), 3) if image else (int(rng.integers(1, 25)),)
        widths = [tuple(int(n) for n in rng.integers(1, 25, rng.integers(0, most))) for most in (4, 3)]
        channels = tuple(int(n) for n in rng.integers(1, 6, rng.integers(1, 3))) if image else ()
        kinds = [("regression", ()), ("binary", ("a", "b")), ("multiclass", ("a", "b", "c"))]
        picked = [kinds[place] for place in rng.integers(0, 3, rng.integers(1, 5))]
        outputs = [Output(f"output_{i}", kind, classes) for i, (kind, classes) in enumerate(picked)]
        network = architecture(Shape(widths[0], widths[1], channels), input_shape, outputs)
        batch = int(rng.integers(1, 33))
        counted = backend.counted_flops(network, batch)
        closed = {
            "train": batch * train_flops_per_row([network]),
            "inference": batch * inference_flops_per_row([network]),
        }
        different += any(counted[which] != value for which, value in closed.items())
    return FlopCounts(backend.name, shapes, different)


def _clients(backend: Backend, count: int) -> list[RequestSampler]:
    """Clients of as many servers of one network, which know its answers from another server of it."""
    job = wine_shaped_job(0, 1)
    servers = [backend.server([(job.architecture, job.initial)]) for _ in range(count + 1)]
    rows = np.random.default_rng(1).normal(size=(ROWS, FEATURES)).astype(np.float32)
    answers = [np.array(answer) for answer in servers[-1](rows)]
    clock = device_clock(backend.synchronise, time.perf_counter)
    return [RequestSampler(server, rows, answers, clock) for server in servers[:-1]]
