"""One server under test: requests whose rows change every time, and whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Clock, CopyingServer, Server
from jointbench.backends.fused import one_output
from jointbench.backends.protocols import ServingBackend
from jointbench.benchmarks.training_steps import TimedArm
from jointbench.measure.device_clock import device_clock
from jointbench.records import COPIES, SEQUENTIAL, SINGLE_OUTPUT, CopiedBytes, ExecutionMode
from jointbench.types import Float32Array

DIFFERENT_REQUESTS = 64
TOLERANCE = 1e-3  # of the largest answer: rounding differs by far less, the answers of two rows by far more


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

    @property
    def copied(self) -> CopiedBytes | None:
        """What the last request copied; None where nothing is, or where the server does not say."""
        return self.server.copied if isinstance(self.server, CopyingServer) else None

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
        expected = [np.zeros_like(answers) if path == COPIES else answers for answers in timed_arm.answers]
        return RequestSampler(backend.server(timed_arm.networks, path), rows, expected, clock)
    network, head = timed_arm.single_output
    architecture, weights = timed_arm.networks[network]
    start = sum(layers[-1].units for layers in architecture.heads[:head])
    answers = timed_arm.answers[network][:, start : start + architecture.heads[head][-1].units]
    return RequestSampler(backend.server([one_output(architecture, weights, head)], SEQUENTIAL), rows, [answers], clock)
