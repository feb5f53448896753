"""The self-test's checks, inside a worker: A/A pairs, known ratios, stored answers, FLOP counts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from jointbench.backends.base import Server, Trainer
from jointbench.backends.protocols import FlopCounter, ServingBackend, TimingBackend
from jointbench.benchmarks.engine import FEATURES, wine_shaped_job
from jointbench.benchmarks.request_sampler import RequestSampler, request_pool
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
from jointbench.self_test.decide import TOLERANCE, TRUE_RATIO, AAPairs, FlopCounts, KnownRatio, StoredAnswerCheck
from jointbench.stats.estimate import Estimate
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import Float32Array, Output, Shape

REPEATS = 20
COPIES = 5  # of a network: they make REPEATS ordered pairs
UNITS = 10  # of work in a visit when a known ratio is timed; a tenth more is one unit more
KNOWN_RATIO_SHARE = 0.2  # of the time for a kind of work; the A/A pairs get the rest
KNOWN_RATIO_TARGET = TOLERANCE / 2  # half-width: one of TOLERANCE itself would let one right ratio in twenty fail
SLEEP_SECONDS = 0.005
LONGEST_SECONDS = 3.0  # the most that a ratio takes where its share is shorter
ROWS = 256  # the requests' rows are taken from these

Sampler = Callable[[], list[float]]


def ratio_of(
    samplers: Mapping[str, Sampler], budget_seconds: float, target: float = TARGET_HALF_WIDTH
) -> Estimate | None:
    """First sampler over second, by paired timing; None where the time was too short for an interval.

    target: half-width of the log ratio's interval at which timing stops.
    """
    first, second = samplers
    started = time.perf_counter()
    for sample in samplers.values():
        sample()
    budget = enough_seconds(time.perf_counter() - started, budget_seconds, LONGEST_SECONDS)
    logs = log_ratios(paired(samplers, budget, clock=time.perf_counter, target=target), first, second)
    return time_ratio(logs) if len(logs) >= MIN_BLOCKS else None


def copies_in_pairs(name: str, copies: Sequence[Sampler], budget_seconds: float) -> AAPairs:
    """Ratios of copies to each other, each copy as often first as second; fewer than REPEATS if time runs out."""
    deadline = time.perf_counter() + budget_seconds
    ratios: list[Estimate] = []
    # A pair and its reverse follow one another, so that a copy's own speed cancels in the mean.
    pairs = [ordered for a, b in itertools.combinations(copies, 2) for ordered in ((a, b), (b, a))][:REPEATS]
    for done, (a, b) in enumerate(pairs):
        left = deadline - time.perf_counter()
        if left <= 0 and done:
            break
        if (ratio := ratio_of({"A": a, "B": b}, max(0.0, left) / (len(pairs) - done))) is not None:
            ratios.append(ratio)
    return AAPairs(name, tuple(ratios))


def training_checks(backend: TimingBackend, budget_seconds: float) -> tuple[AAPairs, KnownRatio]:
    """Training steps: copies in A/A pairs, and one trainer that takes a tenth more steps."""
    started = time.perf_counter()
    trainers = [backend.trainer([wine_shaped_job(0, 1)], UNITS) for _ in range(COPIES + 1)]
    more, *copies = trainers

    def visit(trainer: Trainer) -> list[float]:
        return [trainer(time.perf_counter)]

    def left() -> float:
        return budget_seconds - (time.perf_counter() - started)

    try:
        step_seconds = min(visit(trainer)[0] for trainer in trainers for _ in range(2)) / UNITS
        more.resize(round(TRUE_RATIO * UNITS))
        known = ratio_of(
            {"more": partial(visit, more), "A": partial(visit, copies[0])},
            left() * KNOWN_RATIO_SHARE,
            KNOWN_RATIO_TARGET,
        )
        for copy in copies:
            copy.resize(visit_count(step_seconds, UNITS))
        pairs = copies_in_pairs(f"{backend.name}, training step", [partial(visit, copy) for copy in copies], left())
    finally:
        for trainer in trainers:
            trainer.close()
    return pairs, KnownRatio(f"{backend.name}, a tenth more steps", known)


def request_checks(backend: ServingBackend, batch_size: int, budget_seconds: float) -> tuple[AAPairs, KnownRatio]:
    """Requests: copies in A/A pairs, and one client that makes a tenth more requests in a visit."""
    started = time.perf_counter()
    clients = _clients(backend, COPIES + 1)
    pool = request_pool(clients[0].rows, batch_size)
    for client in clients:
        client.prepare(pool)
        client.count = UNITS
    more, *copies = clients

    def visit(client: RequestSampler) -> list[float]:
        return [sum(client())]

    def left() -> float:
        return budget_seconds - (time.perf_counter() - started)

    request_seconds = min(visit(client)[0] for client in clients for _ in range(2)) / UNITS
    more.count = round(TRUE_RATIO * UNITS)
    known = ratio_of(
        {"more": partial(visit, more), "A": partial(visit, copies[0])}, left() * KNOWN_RATIO_SHARE, KNOWN_RATIO_TARGET
    )
    for copy in copies:
        copy.count = visit_count(request_seconds, UNITS)
    name = f"{backend.name}, request of {batch_size} row{'s' if batch_size > 1 else ''}"
    return copies_in_pairs(name, copies, left()), KnownRatio(f"{name}, a tenth more of them", known)


def sleep_check(budget_seconds: float) -> KnownRatio:
    """The clock alone: a sleep that is a tenth longer."""

    def visit(seconds: float) -> list[float]:
        started = time.perf_counter()
        time.sleep(seconds)
        return [time.perf_counter() - started]

    samplers = {"more": partial(visit, TRUE_RATIO * SLEEP_SECONDS), "A": partial(visit, SLEEP_SECONDS)}
    return KnownRatio("a tenth more sleep", ratio_of(samplers, budget_seconds))


class StoredAnswer:
    """A server that computes one answer and returns it for every request. Timing must refuse it."""

    def __init__(self, server: Server, rows: Float32Array) -> None:
        self._answer = server(rows)

    def __call__(self, rows: Float32Array) -> list[np.typing.NDArray[np.floating]]:
        return self._answer


def stored_answers(backend: ServingBackend) -> StoredAnswerCheck:
    """Tries the check against stored answers, which timed requests use, on a real server and on one that stores."""
    (client,) = _clients(backend, 1)
    real_passes = client.wrong_at_first() is None
    client.server = StoredAnswer(client.server, client.rows[:1])
    return StoredAnswerCheck(backend.name, real_passes, client.wrong_at_first() is not None)


def flop_counts(backend: FlopCounter, shapes: int, seed: int = 0) -> FlopCounts:
    """Closed-form FLOPs against the framework's counter, on random dense and convolutional networks, both passes."""
    rng = np.random.default_rng(seed)
    different = 0
    for number in range(shapes):
        image = number % 4 == 3
        input_shape = (*(int(n) for n in rng.integers(6, 14, 2)), 3) if image else (int(rng.integers(1, 25)),)
        widths = [tuple(int(n) for n in rng.integers(1, 25, rng.integers(0, most))) for most in (4, 3)]
        channels = tuple(int(n) for n in rng.integers(1, 6, rng.integers(1, 3))) if image else ()
        kinds = [("regression", ()), ("binary", ("a", "b")), ("multiclass", ("a", "b", "c"))]
        chosen = [kinds[i] for i in rng.integers(0, 3, rng.integers(1, 5))]
        outputs = [Output(f"output_{i}", kind, classes) for i, (kind, classes) in enumerate(chosen)]
        network = architecture(Shape(widths[0], widths[1], channels), input_shape, outputs)
        batch = int(rng.integers(1, 33))
        counted = backend.counted_flops(network, batch)
        closed_form = {
            "train": batch * train_flops_per_row([network]),
            "inference": batch * inference_flops_per_row([network]),
        }
        different += any(counted[which] != flops for which, flops in closed_form.items())
    return FlopCounts(backend.name, shapes, different)


def _clients(backend: ServingBackend, count: int) -> list[RequestSampler]:
    """Clients of ``count`` servers of one network. They know the right answers from one server more."""
    job = wine_shaped_job(0, 1)
    servers = [backend.server([(job.architecture, job.initial)]) for _ in range(count + 1)]
    rows = np.random.default_rng(1).normal(size=(ROWS, FEATURES)).astype(np.float32)
    answers = [np.array(answer) for answer in servers[-1](rows)]
    clock = device_clock(backend.synchronise, time.perf_counter)
    return [RequestSampler(server, rows, answers, clock) for server in servers[:-1]]
