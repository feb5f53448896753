"""The self-test's checks, inside a worker: pairs of copies, known truths, stored answers, FLOP counts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from jointbench.architecture import architecture
from jointbench.backends.base import Backend, Server
from jointbench.compare.summary import Estimate
from jointbench.engine_speed import FEATURES, wine_shaped_job
from jointbench.measure.clock import MIN_BLOCKS, interval, log_ratios, paired
from jointbench.measure.flops import inference_flops_per_row, train_flops_per_row
from jointbench.self_test.decide import TRUTH, FlopCounts, Pairs, Stored, Truth
from jointbench.types import Float32Array, Output, Shape

REPEATS = 20
COPIES = 5  # so many copies make REPEATS ordered pairs
REQUESTS = 20  # in a visit
SLEEP_SECONDS = 0.005
MOST_BLOCKS = 40
STEPS = 10  # in a visit
LONGEST_SECONDS = 3.0  # that a ratio may take beyond its share

Sampler = Callable[[], list[float]]


def ratio_of(samplers: Mapping[str, Sampler], budget_seconds: float) -> Estimate | None:
    """First over second in turns, as every ratio of this program is measured; None where the time was too short."""
    first, second = samplers
    begun = time.perf_counter()
    for sample in samplers.values():
        sample()
    least = min(2.2 * MIN_BLOCKS * (time.perf_counter() - begun), LONGEST_SECONDS)
    logs = log_ratios(paired(samplers, max(budget_seconds, least), MOST_BLOCKS, clock=time.perf_counter), first, second)
    if len(logs) < MIN_BLOCKS:
        return None
    value, low, high = np.exp(interval(logs))
    return Estimate(float(value), float(low), float(high))


def copies_in_pairs(name: str, copies: Sequence[Sampler], budget_seconds: float) -> Pairs:
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
    return Pairs(name, tuple(ratios))


def training_checks(backend: Backend, budget_seconds: float) -> tuple[Pairs, Truth]:
    """Training steps: copies in pairs, and one that takes a tenth more steps."""
    begun = time.perf_counter()
    counts = (*[STEPS] * COPIES, round(TRUTH * STEPS))
    trainers = [backend.trainer([wine_shaped_job(0, 1)], count) for count in counts]

    def visit(place: int) -> list[float]:
        return [trainers[place](time.perf_counter)]

    try:
        for place in range(len(trainers)):
            visit(place)
        left = budget_seconds - (time.perf_counter() - begun)
        truth = ratio_of({"more": partial(visit, COPIES), "A": partial(visit, 0)}, left / 10)
        left = budget_seconds - (time.perf_counter() - begun)
        pairs = copies_in_pairs(f"{backend.name}, training step", [partial(visit, i) for i in range(COPIES)], left)
    finally:
        for trainer in trainers:
            trainer.close()
    return pairs, Truth(f"{backend.name}, a tenth more steps", truth)


def request_checks(backend: Backend, batch_size: int, budget_seconds: float) -> tuple[Pairs, Truth]:
    """Requests: copies in pairs, and one that answers a tenth more of them in the same visit."""
    begun = time.perf_counter()
    servers, rows = _servers(backend), _rows(batch_size)

    def visit(server: Server, count: int) -> list[float]:
        started = time.perf_counter()
        for _ in range(count):
            server(rows)
        return [time.perf_counter() - started]

    for server in servers:
        visit(server, REQUESTS)
    left = budget_seconds - (time.perf_counter() - begun)
    more = partial(visit, servers[0], round(TRUTH * REQUESTS))
    truth = ratio_of({"more": more, "A": partial(visit, servers[1], REQUESTS)}, left / 10)
    left = budget_seconds - (time.perf_counter() - begun)
    name = f"{backend.name}, request of {batch_size} row{'s' if batch_size > 1 else ''}"
    pairs = copies_in_pairs(name, [partial(visit, server, REQUESTS) for server in servers], left)
    return pairs, Truth(f"{name}, a tenth more of them", truth)


def sleeping_truth(budget_seconds: float) -> Truth:
    """The clock alone: one that sleeps a tenth longer."""

    def visit(seconds: float) -> list[float]:
        started = time.perf_counter()
        time.sleep(seconds)
        return [time.perf_counter() - started]

    samplers = {"more": partial(visit, TRUTH * SLEEP_SECONDS), "A": partial(visit, SLEEP_SECONDS)}
    return Truth("a tenth more sleep", ratio_of(samplers, budget_seconds))


def answers_depend_on_rows(server: Server, rows: Float32Array) -> bool:
    """Whether a server computes its answers: other rows get other answers, and the same rows in reverse get the same
    answers in reverse. A stored answer, or a call that is skipped, does not."""
    straight, back, other = (
        [np.array(answer) for answer in server(np.ascontiguousarray(asked))] for asked in (rows, rows[::-1], rows + 1)
    )
    if any(answer.shape[0] != len(rows) for answer in (*straight, *back, *other)):
        return False
    turned = all(np.allclose(a, b[::-1], rtol=1e-4, atol=1e-5) for a, b in zip(straight, back, strict=True))
    return turned and not any(np.allclose(a, b) for a, b in zip(straight, other, strict=True))


class StoredAnswer:
    """A server that answers once and then gives that answer to everyone: what a timing must not be fooled by."""

    def __init__(self, server: Server, rows: Float32Array) -> None:
        self._answer = server(rows)

    def __call__(self, rows: Float32Array) -> list[np.typing.NDArray[np.floating]]:
        return self._answer


def stored_answers(backend: Backend) -> Stored:
    """The detection of stored answers, on a real server and on one that stores."""
    (server, *_), rows = _servers(backend, 1), _rows(16)
    return Stored(
        backend.name, answers_depend_on_rows(server, rows), not answers_depend_on_rows(StoredAnswer(server, rows), rows)
    )


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
            "train": batch * train_flops_per_row([network]), "inference": batch * inference_flops_per_row([network])
        }  # fmt: skip
        different += any(counted[which] != value for which, value in closed.items())
    return FlopCounts(backend.name, shapes, different)


def _servers(backend: Backend, count: int = COPIES) -> list[Server]:
    job = wine_shaped_job(0, 1)
    return [backend.server([(job.architecture, job.initial)]) for _ in range(count)]


def _rows(count: int) -> Float32Array:
    return np.random.default_rng(1).normal(size=(count, FEATURES)).astype(np.float32)
