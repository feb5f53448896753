"""Joules of steps and requests on a device that takes so many joules for each; no hardware is read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from jointbench.backends.base import Clock
from jointbench.benchmarks import energy
from jointbench.benchmarks.energy import EnergyPlan, measure_energy
from jointbench.benchmarks.request_sampler import request_pool
from jointbench.benchmarks.training_steps import TimedArm
from jointbench.records import SEQUENTIAL, STOCK_LOOP, Variant

STEP_JOULES = {"small": 2.0, "large": 5.0}
ROWS = np.arange(300, dtype=np.float32).reshape(100, 3)
PLAN = EnergyPlan(device="cuda", gpu="GPU-1b", training_batch=16, batch_sizes=(1, 4), seconds=60.0)


class Device:
    """A backend, its networks and the device's counter in one: what is asked of it adds joules."""

    source, sensor_seconds, name = "a counter", 0.0, "fake"

    def __init__(self) -> None:
        self.spent, self.moved, self.closed, self.wrong = 0.0, 0, 0, False

    def joules(self) -> float:
        self.moved += 1
        return self.spent + self.moved * 1e-12  # a counter that stands still would be refused

    def close(self) -> None:
        self.closed += 1

    def synchronise(self) -> None:
        pass

    def trainer(self, jobs: Sequence[str], steps: int) -> Training:
        return Training(self, jobs[0], steps)

    def server(self, networks: Sequence[Any], mode: str) -> Any:
        def answer(rows: np.ndarray) -> list[np.ndarray]:
            time.sleep(2e-4)
            self.spent += 0.5 * len(networks) * len(rows)
            return [rows[:, :1] + self.wrong for _ in networks]

        return answer


class Training:
    warm_up = 1

    def __init__(self, device: Device, shape: str, steps: int) -> None:
        self.device, self.shape, self.steps = device, shape, steps

    def resize(self, steps: int) -> None:
        self.steps = steps

    def _take(self, steps: int) -> None:
        time.sleep(steps * 1e-4)
        self.device.spent += steps * STEP_JOULES[self.shape]

    def __call__(self, clock: Clock) -> float:
        self._take(self.warm_up)
        started = clock()
        self._take(self.steps)
        return clock() - started

    def close(self) -> None:
        self.device.closed += 1


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    monkeypatch.setattr(energy, "LEAST_VISIT_SECONDS", 5e-3)
    monkeypatch.setattr(energy, "IDLE_SECONDS", 1e-3)
    monkeypatch.setattr(energy, "update_seconds", lambda _: 1e-4)

    def counter(device: str, gpu: str) -> Device:
        assert (device, gpu) == ("cuda", "GPU-1b")
        return made

    monkeypatch.setattr(energy, "energy_counter", counter)
    return made


def arms() -> dict[str, TimedArm]:
    """joint: a large network; separate: two small ones and a large one, which is timed once for each shape."""
    network = cast(Any, (SimpleNamespace(), {}))
    answers = ROWS[:, :1]
    return {
        "joint": TimedArm(cast(Any, ("large",)), (1,), (network,), (answers,)),
        "separate": TimedArm(cast(Any, ("small", "large")), (2, 1), (network,) * 3, (answers,) * 3),
    }


def test_joules_are_those_of_the_work(device: Device) -> None:
    measured = measure_energy(cast(Any, device), arms(), ROWS, PLAN)
    training, *requests = measured.cases
    for case, unit, path in (
        (training, {"joint": 5.0, "separate": 2 * 2.0 + 5.0}, STOCK_LOOP),
        *((case, {"joint": 0.5 * case.batch_size, "separate": 1.5 * case.batch_size}, SEQUENTIAL) for case in requests),
    ):
        samples = case.samples
        assert samples is not None and not case.left_out
        assert 2 <= len(samples.order) / samples.block <= 8
        for visitor, (joules, seconds) in zip(samples.order, samples.seconds, strict=True):
            assert joules == pytest.approx(unit[visitor.arm], rel=1e-6)
            assert 1e-4 <= seconds < 0.1
        assert set(samples.order) == {Variant("joint", path), Variant("separate", path)}
    assert [(case.scenario, case.batch_size) for case in measured.cases] == [
        ("training", 16),
        ("request", 1),
        ("request", 4),
    ]
    assert device.closed == 1 + 3  # the counter, and the trainers of three shapes


def test_a_visit_is_long_enough_though_the_first_steps_are_slow(device: Device) -> None:
    arm, visit = arms()["joint"], 0.04
    sampler = energy.StepEnergy(cast(Any, device), arm, energy.JouleClock(cast(Any, device)), visit)
    joules, seconds = sampler()
    assert sampler.trainers[0].steps * seconds >= 0.8 * visit
    assert joules == pytest.approx(5.0)


def test_what_the_time_does_not_allow_is_said(device: Device) -> None:
    short = EnergyPlan(device="cuda", gpu="GPU-1b", training_batch=16, batch_sizes=(1, 4), seconds=0.01)
    measured = measure_energy(cast(Any, device), arms(), ROWS, short)
    assert all(case.samples is None for case in measured.cases)
    assert {reason for case in measured.cases for reason in case.left_out.values()} == {
        "the 0.01 s for energy do not suffice for it"
    }


def test_wrong_answers_are_not_measured(device: Device) -> None:
    device.wrong = True
    _, *requests = measure_energy(cast(Any, device), arms(), ROWS, PLAN).cases
    assert all(case.samples is None and "not those of the networks" in case.left_out["joint"] for case in requests)


def test_a_case_that_breaks_does_not_take_the_others_along(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_room(rows: np.ndarray, batch: int) -> np.ndarray:
        if batch == 1:
            raise RuntimeError("CUDA out of memory\ntried 3 GiB")
        return request_pool(rows, batch)

    monkeypatch.setattr(energy, "request_pool", without_room)
    training, broken, last = measure_energy(cast(Any, device), arms(), ROWS, PLAN).cases
    assert training.samples is not None and last.samples is not None
    assert (broken.samples, broken.left_out["separate"]) == (None, "CUDA out of memory")
