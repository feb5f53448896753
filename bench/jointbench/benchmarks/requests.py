"""What answering costs: requests to every arm's trained networks, timed in turns. Runs inside a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Backend, Clock, Server
from jointbench.backends.fused import one_output
from jointbench.benchmarks.training_steps import BLOCKS_WANTED, Budget, SampleSet, TimedArm, collect_samples, set_up
from jointbench.measure.device_clock import device_clock
from jointbench.records import SEQUENTIAL, SINGLE_OUTPUT, ExecutionMode, Variant
from jointbench.types import Float32Array

MAX_REQUESTS = 8  # of a visit
DIFFERENT_REQUESTS = 64
SPENT = "the time for requests was spent before those of {} rows"
TOO_DEAR = "two blocks of requests of {} rows take about {:.1f} s, and {:.1f} s are left for them"
LEAST_VISITS = 7  # of each in a round: two that are not counted, one to warm up, and two blocks
LARGE = 512  # rows from which on a request's time grows with them
PATIENCE = 3  # times its share: what a round may take at the least and still be begun
TOLERANCE = 1e-3  # of the largest answer: programs that round differently agree far better than two rows' answers


@dataclass(frozen=True)
class LatencyCase:
    """One set of samples: requests of this many rows, on these paths, of every arm or of the first alone."""

    batch_size: int
    paths: tuple[ExecutionMode, ...]
    first_arm_only: bool = False


@dataclass(frozen=True, eq=False)
class TimedCase:
    """What a round gave. untimed: who was to take part in it and did not, with the reason."""

    batch_size: int
    sample_sets: tuple[SampleSet, ...]
    untimed: dict[Variant, str]


class RequestSampler:
    """A server under test: asks it for rows that change with every request, and knows the right answers.

    expected: per network, (rows, units): the scored answers. Asking for the same rows again would time a cache.
    """

    def __init__(
        self, server: Server, rows: Float32Array, expected: Sequence[npt.NDArray[np.floating]], clock: Clock
    ) -> None:
        self.server, self.rows, self.expected, self.clock = server, rows, expected, clock
        self.count, self.batch, self.start = 1, 0, 0

    def prepare(self, pool: Float32Array) -> None:
        """Takes what every client of a round asks from, so that no luck of the rows' place in memory is one client's."""
        self.pool, self.batch = pool, len(pool) - DIFFERENT_REQUESTS

    def __call__(self) -> list[float]:
        """Seconds of each of ``count`` requests, after one that is not clocked: it finds the caches as another left them."""
        self.server(self._request())
        seconds = []
        for _ in range(self.count):
            request = self._request()
            started = self.clock()
            self.answers = self.server(request)
            seconds.append(self.clock() - started)
        self.last = seconds
        return seconds

    def _request(self) -> Float32Array:
        self.start = (self.start + 1) % DIFFERENT_REQUESTS
        return self.pool[self.start : self.start + self.batch]

    def wrong_at_first(self) -> str | None:
        """Why this is no server to time: its answers are not those of the scored networks, or ignore the rows."""
        for place in (0, self._most_unlike_first()):
            if not self._right(self.server(self.rows[place : place + 1]), np.array([place])):
                return "its answers are not those of the networks that were scored"
        return None

    def wrong_at_last(self) -> str | None:
        """Whether the last timed request got a wrong answer."""
        if not self._right(self.answers, (self.start + np.arange(self.batch)) % len(self.rows)):
            return "the answer to its last request is wrong"
        return None

    def _most_unlike_first(self) -> int:
        """The row whose answers differ most from the first row's: a stored answer is wrong there."""
        unlike = sum(np.abs(answers - answers[:1]).max(axis=1) for answers in self.expected)
        return int(np.argmax(unlike))

    def _right(self, answers: Sequence[npt.NDArray[np.floating]], places: npt.NDArray[np.int64]) -> bool:
        return len(answers) == len(self.expected) and all(
            got.shape == (len(places), want.shape[1])
            and bool(np.abs(got - want[places]).max() <= TOLERANCE * max(float(np.abs(want).max()), 1e-6))
            for got, want in zip(answers, self.expected, strict=True)
        )


def request_pool(rows: Float32Array, batch: int) -> Float32Array:
    """The rows, repeated as often as needed, so that each of DIFFERENT_REQUESTS is a view: no copy is in the clock."""
    pool: Float32Array = rows[np.arange(batch + DIFFERENT_REQUESTS) % len(rows)]
    return pool


def client(backend: Backend, timed_arm: TimedArm, path: ExecutionMode, rows: Float32Array) -> RequestSampler:
    """The arm's networks behind a server of this path, with the answers that they were scored by."""
    clock = device_clock(backend.synchronise)
    if path != SINGLE_OUTPUT:
        return RequestSampler(backend.server(timed_arm.networks, path), rows, timed_arm.answers, clock)
    network, head = timed_arm.wanted
    architecture, weights = timed_arm.networks[network]
    start = sum(layers[-1].units for layers in architecture.heads[:head])
    answers = timed_arm.answers[network][:, start : start + architecture.heads[head][-1].units]
    return RequestSampler(backend.server([one_output(architecture, weights, head)], SEQUENTIAL), rows, [answers], clock)


def time_requests(
    backend: Backend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    rounds: Sequence[LatencyCase],
    budget: Budget,
) -> list[TimedCase]:
    """Request latency of each arm in each round: all outputs (or one of N) of ``batch`` rows, numpy in, numpy out.

    The rows are test rows, repeated where a batch wants more than there are.
    """
    started = time.monotonic()
    rows = np.ascontiguousarray(rows)
    impossible = {
        path: reason
        for r in rounds
        for path in r.paths
        if (reason := backend.unavailable_reason(path)) and path != SINGLE_OUTPUT
    }
    wanted = {
        participant: len(timed_arms[participant.arm].networks)
        for r in rounds
        for participant in _participants(r, timed_arms)
        if participant.path not in impossible
    }

    def make(participant: Variant) -> RequestSampler:
        made = client(backend, timed_arms[participant.arm], participant.path, rows)
        refusals[participant] = made.wrong_at_first()
        return made

    refusals: dict[Variant, str | None] = {}
    made = set_up(wanted.items(), make, budget.total - budget.samples)
    wrong = {who: reason for who, reason in refusals.items() if reason is not None}
    reasons = {**made.untimed, **wrong}
    reasons |= {Variant(name, path): reason for path, reason in impossible.items() for name in timed_arms}
    ready = {who: made.ready[who] for who in made.ready if who not in wrong}
    deadline = max(started + budget.total, time.monotonic() + budget.samples / 2)
    results: list[TimedCase] = []
    row_seconds = 0.0  # of everyone in the last round, for each row: what a larger batch costs at the least, nearly
    for place, one in enumerate(rounds):
        share = min(budget.samples, max(deadline - time.monotonic(), 0.0)) / (len(rounds) - place)
        asked = list(_participants(one, timed_arms))
        clients = {who: ready[who] for who in asked if who in ready}
        untimed = {who: reasons[who] for who in asked if who not in clients}
        least = LEAST_VISITS * row_seconds * one.batch_size
        said = SPENT.format(one.batch_size) if place and time.monotonic() > deadline else ""
        if not said and least > max(PATIENCE * share, 1.0):
            said = TOO_DEAR.format(one.batch_size, least, share)
        if said:
            results.append(TimedCase(one.batch_size, (), untimed | dict.fromkeys(clients, said)))
            continue
        results.append(_round(rows, one.batch_size, clients, untimed, share))
        if one.batch_size >= LARGE:
            row_seconds = sum(float(np.median(who.last)) for who in clients.values()) / one.batch_size
    return results


def _participants(one: LatencyCase, timed_arms: Mapping[str, TimedArm]) -> Iterator[Variant]:
    names = list(timed_arms)[:1] if one.first_arm_only else list(timed_arms)
    return (Variant(name, path) for path in one.paths for name in names)


def _round(
    rows: Float32Array,
    batch: int,
    clients: dict[Variant, RequestSampler],
    untimed: dict[Variant, str],
    budget_seconds: float,
) -> TimedCase:
    pool, total = request_pool(rows, batch), 0.0
    for one in clients.values():
        one.prepare(pool)
        one.count = 1
        one()  # the first call of a shape traces, compiles or allocates
        total += one()[0]
    for one in clients.values():
        one.count = max(1, min(MAX_REQUESTS, int(budget_seconds / BLOCKS_WANTED / 2 / max(total, 1e-9))))
    taken = collect_samples(clients, budget_seconds) if clients else []
    wrong = {who: reason for who, one in clients.items() if (reason := one.wrong_at_last()) is not None}
    kept = [SampleSet(take.samples.without(wrong), take.disturbed) for take in taken]
    return TimedCase(batch, tuple(kept), {**untimed, **wrong})
