"""What answering costs: requests to every arm's trained networks, timed in turns. Runs inside a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, Server
from jointbench.backends.fused import not_rebuilt_reason, one_output
from jointbench.backends.protocols import ServingBackend
from jointbench.benchmarks.training_steps import (
    BLOCKS_WANTED,
    Budget,
    LeftOut,
    SampleSet,
    SetUp,
    TimedArm,
    collect_samples,
    set_up,
    without_refused,
)
from jointbench.measure.device_clock import device_clock
from jointbench.records import FUSED, SEQUENTIAL, SINGLE_OUTPUT, ExecutionMode, Variant
from jointbench.types import Float32Array

REBUILT: tuple[ExecutionMode, ...] = (FUSED, "compiled", "onnx")  # paths that build networks anew from their layers
MAX_REQUESTS = 8  # of a visit
DIFFERENT_REQUESTS = 64
SPENT = "the time for requests was spent before those of {} rows"
TOO_LONG = "two blocks of requests of {} rows take about {:.1f} s, and {:.1f} s are left for them"
LEAST_VISITS = 7  # of each variant in a case: two that are not counted, one to warm up, and two blocks of two
LARGE = 512  # rows from which on a request's time grows with them
PATIENCE = 3  # a case is begun if the least it takes is no more than so many times its share
TOLERANCE = 1e-3  # of the largest answer: rounding differs by far less, the answers of two rows by far more


@dataclass(frozen=True)
class LatencyCase:
    """One set of samples: requests of this many rows, on these paths, of every arm or of the first alone."""

    batch_size: int
    paths: tuple[ExecutionMode, ...]
    first_arm_only: bool = False


@dataclass(frozen=True, eq=False)
class TimedCase:
    """The samples of one case. untimed: the variants that were left out, with the reason."""

    batch_size: int
    sample_sets: tuple[SampleSet, ...]
    untimed: dict[Variant, LeftOut]


class RequestSampler:
    """Times the requests to a server under test: their rows change with every request, and the right answers are known.

    expected: per network, (rows, units): the scored answers. The same rows again would time a cache.
    """

    def __init__(
        self, server: Server, rows: Float32Array, expected: Sequence[npt.NDArray[np.floating]], clock: Clock
    ) -> None:
        self.server, self.rows, self.expected, self.clock = server, rows, expected, clock
        self.count, self.batch, self.start = 1, 0, 0

    def prepare(self, pool: Float32Array) -> None:
        """Sets the pool that all samplers of a case take rows from, so that no place in memory favours one of them."""
        self.pool, self.batch = pool, len(pool) - DIFFERENT_REQUESTS

    def __call__(self) -> list[float]:
        """Seconds of each of ``count`` requests; one more before them is not timed, as it finds cold caches."""
        self.server(self._request())
        seconds = []
        for _ in range(self.count):
            request = self._request()
            started = self.clock()
            self.answers = self.server(request)
            seconds.append(self.clock() - started)
        self.last_seconds = seconds
        return seconds

    def _request(self) -> Float32Array:
        self.start = (self.start + 1) % DIFFERENT_REQUESTS
        return self.pool[self.start : self.start + self.batch]

    def wrong_at_first(self) -> str | None:
        """Why this server is not timed: its answers are not those of the scored networks, or ignore the rows."""
        for row in (0, self._most_unlike_first()):
            if not self._right(self.server(self.rows[row : row + 1]), np.array([row])):
                return "its answers are not those of the networks that were scored"
        return None

    def wrong_at_last(self) -> str | None:
        """Why the timed requests do not count: the answer to the last one is wrong."""
        if not self._right(self.answers, (self.start + np.arange(self.batch)) % len(self.rows)):
            return "the answer to its last request is wrong"
        return None

    def _most_unlike_first(self) -> int:
        """The row whose answers differ most from the first row's: a stored answer is wrong there."""
        unlike = sum(np.abs(answers - answers[:1]).max(axis=1) for answers in self.expected)
        return int(np.argmax(unlike))

    def _right(self, answers: Sequence[npt.NDArray[np.floating]], row_numbers: npt.NDArray[np.int64]) -> bool:
        return len(answers) == len(self.expected) and all(
            answer.shape == (len(row_numbers), expected.shape[1])
            and bool(
                np.abs(answer - expected[row_numbers]).max() <= TOLERANCE * max(float(np.abs(expected).max()), 1e-6)
            )
            for answer, expected in zip(answers, self.expected, strict=True)
        )


def request_pool(rows: Float32Array, batch: int) -> Float32Array:
    """The rows, repeated as often as needed, so that each of DIFFERENT_REQUESTS is a view: no copy is in the clock."""
    pool: Float32Array = rows[np.arange(batch + DIFFERENT_REQUESTS) % len(rows)]
    return pool


def request_sampler(
    backend: ServingBackend, timed_arm: TimedArm, path: ExecutionMode, rows: Float32Array
) -> RequestSampler:
    """A sampler of the arm's networks behind a server of this path, with the answers that they were scored by."""
    clock = device_clock(backend.synchronise)
    if path != SINGLE_OUTPUT:
        return RequestSampler(backend.server(timed_arm.networks, path), rows, timed_arm.answers, clock)
    network, head = timed_arm.single_output
    architecture, weights = timed_arm.networks[network]
    start = sum(layers[-1].units for layers in architecture.heads[:head])
    answers = timed_arm.answers[network][:, start : start + architecture.heads[head][-1].units]
    return RequestSampler(backend.server([one_output(architecture, weights, head)], SEQUENTIAL), rows, [answers], clock)


def time_requests(
    backend: ServingBackend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    cases: Sequence[LatencyCase],
    budget: Budget,
) -> list[TimedCase]:
    """Request latency of each arm in each case: all outputs (or one of N) of ``batch`` rows, numpy in, numpy out.

    The rows are test rows, repeated where a batch is larger than their number.
    """
    started = time.monotonic()
    rows = np.ascontiguousarray(rows)
    servers = _set_up_servers(backend, timed_arms, rows, cases, budget)
    deadline = max(started + budget.total, time.monotonic() + budget.samples / 2)
    results: list[TimedCase] = []
    row_seconds = 0.0  # of all variants in the last case, for each row: about the least that a larger batch costs
    for number, case in enumerate(cases):
        share = min(budget.samples, max(deadline - time.monotonic(), 0.0)) / (len(cases) - number)
        variants = list(_variants(case, timed_arms))
        samplers = {variant: servers.ready[variant] for variant in variants if variant in servers.ready}
        untimed = {variant: servers.untimed[variant] for variant in variants if variant not in samplers}
        least = LEAST_VISITS * row_seconds * case.batch_size
        reason = SPENT.format(case.batch_size) if number and time.monotonic() > deadline else ""
        if not reason and least > max(PATIENCE * share, 1.0):
            reason = TOO_LONG.format(case.batch_size, least, share)
        if reason:
            left_out = dict.fromkeys(samplers, LeftOut(reason, budget_spent=True))
            results.append(TimedCase(case.batch_size, (), untimed | left_out))
            continue
        results.append(_time_case(rows, case.batch_size, samplers, untimed, share))
        if case.batch_size >= LARGE:
            medians = [float(np.median(sampler.last_seconds)) for sampler in samplers.values()]
            row_seconds = sum(medians) / case.batch_size
    return results


def _set_up_servers(
    backend: ServingBackend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    cases: Sequence[LatencyCase],
    budget: Budget,
) -> SetUp[RequestSampler]:
    """A sampler for each variant of any case whose server could be built and answers rightly."""
    impossible = {
        path: reason
        for case in cases
        for path in case.paths
        if (reason := backend.unavailable_reason(path)) and path != SINGLE_OUTPUT
    }
    wanted = {variant for case in cases for variant in _variants(case, timed_arms) if variant.path not in impossible}
    unfused = {
        variant: LeftOut(reason)
        for variant in wanted
        if variant.path in REBUILT and (reason := not_rebuilt_reason(timed_arms[variant.arm].networks)) is not None
    }
    programs = {
        variant: len(timed_arms[variant.arm].networks)
        for case in cases
        for variant in _variants(case, timed_arms)
        if variant in wanted and variant not in unfused
    }
    wrong: dict[Variant, LeftOut] = {}

    def make(variant: Variant) -> RequestSampler:
        sampler = request_sampler(backend, timed_arms[variant.arm], variant.path, rows)
        if (reason := sampler.wrong_at_first()) is not None:
            wrong[variant] = LeftOut(reason)
        return sampler

    servers = set_up(programs.items(), make, budget.total - budget.samples)
    no_path = {Variant(name, path): LeftOut(reason) for path, reason in impossible.items() for name in timed_arms}
    return SetUp(
        {variant: sampler for variant, sampler in servers.ready.items() if variant not in wrong},
        {**servers.untimed, **wrong, **unfused, **no_path},
    )


def _variants(case: LatencyCase, timed_arms: Mapping[str, TimedArm]) -> Iterator[Variant]:
    names = list(timed_arms)[:1] if case.first_arm_only else list(timed_arms)
    return (Variant(name, path) for path in case.paths for name in names)


def _time_case(
    rows: Float32Array,
    batch: int,
    samplers: dict[Variant, RequestSampler],
    untimed: dict[Variant, LeftOut],
    budget_seconds: float,
) -> TimedCase:
    pool, total = request_pool(rows, batch), 0.0
    for sampler in samplers.values():
        sampler.prepare(pool)
        sampler.count = 1
        sampler()  # the first call of a shape traces, compiles or allocates
        total += sampler()[0]
    for sampler in samplers.values():
        sampler.count = max(1, min(MAX_REQUESTS, int(budget_seconds / BLOCKS_WANTED / 2 / max(total, 1e-9))))
    sample_sets = collect_samples(samplers, budget_seconds) if samplers else []
    wrong = {
        variant: LeftOut(reason)
        for variant, sampler in samplers.items()
        if (reason := sampler.wrong_at_last()) is not None
    }
    return TimedCase(batch, without_refused(sample_sets, wrong), {**untimed, **wrong})
