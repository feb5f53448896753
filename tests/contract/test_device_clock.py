"""No clock is read before the device was waited for: a fake synchroniser and a fake clock write down their turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

import jointbench.benchmarks.request_sampler
import jointbench.benchmarks.training_steps
from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Server
from jointbench.backends.protocols import Backend
from jointbench.benchmarks.requests import LatencyCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm, time_training
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.records import ExecutionMode
from jointbench.types import Float32Array, Recipe, Weights


@pytest.fixture
def log(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in order: "sync" when the backend waits for its device, "clock" when a clock is read."""
    events: list[str] = []
    monkeypatch.setattr(backend, "synchronise", lambda: events.append("sync"))
    return events


def logged_clock(log: list[str]) -> Callable[[], float]:
    ticks: Iterator[int] = count()

    def read() -> float:
        log.append("clock")
        return float(next(ticks))

    return read


def waited_each_time(log: list[str]) -> bool:
    return all(log[i - 1] == "sync" for i, event in enumerate(log) if event == "clock")


NOTHING = Budget(0.0, 0.0)


@pytest.fixture
def timed_arm(backend: Backend) -> TimedArm:
    job = make_job(JobSpec())
    networks = ((job.architecture, job.initial),)
    return TimedArm((job,), (1,), networks, tuple(backend.server(networks)(job.features)))


@pytest.fixture
def timed(log: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log, with the clock that timing reads replaced by the one that writes into it."""
    clock = logged_clock(log)
    for module in (jointbench.benchmarks.training_steps, jointbench.benchmarks.request_sampler):
        monkeypatch.setattr(module, "device_clock", lambda wait: device_clock(wait, clock))
    return log


def test_the_trainer_reads_the_clock_around_its_steps_only(backend: Backend, log: list[str]) -> None:
    """Whatever clock it is given; and it waits for the device at both ends, not between steps, where nobody would."""
    trainer = backend.trainer([make_job(JobSpec())], 5)
    clock = logged_clock(log)
    assert [trainer(clock), trainer(clock)] == [1.0, 1.0]
    trainer.close()
    assert log == ["sync", "clock"] * 4


def test_timed_training_waits_before_every_reading(
    backend: Backend, timed: list[str], timed_arm: TimedArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        jointbench.benchmarks.training_steps,
        "time",
        SimpleNamespace(perf_counter=logged_clock(timed), monotonic=time.monotonic),
    )
    time_training(backend, {"one": timed_arm, "other": timed_arm}, ("stock loop",), NOTHING)
    assert timed.count("clock") > 20
    assert waited_each_time(timed)


def test_timed_requests_wait_before_every_reading(
    backend: Backend, timed: list[str], timed_arm: TimedArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one request with its waiting lies between the two readings of its time."""
    make = backend.server

    def server(networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode) -> Server:
        real = make(networks, mode)

        def answer(rows: Float32Array, /) -> list[npt.NDArray[np.floating]]:
            timed.append("request")
            return real(rows)

        return answer

    monkeypatch.setattr(backend, "server", server)
    time_requests(
        backend,
        {"one": timed_arm, "other": timed_arm},
        timed_arm.jobs[0].features,
        [LatencyCase(4, ("in turn",))],
        NOTHING,
    )
    assert timed.count("clock") > 8
    assert waited_each_time(timed)
    readings = [i for i, event in enumerate(timed) if event == "clock"]
    for start, end in zip(readings[::2], readings[1::2], strict=True):
        assert timed[start + 1 : end] == ["request", "sync"]


def test_the_stock_fit_waits_at_both_ends_of_an_epoch(backend: Backend, log: list[str]) -> None:
    trained = backend.fit(
        make_job(JobSpec(recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16, max_epochs=3, patience=5)))
    )
    assert trained.epochs == 3
    assert log == ["sync"] * 6
