"""The loop over epochs and the engine's scheduler, each with a network that only follows a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramSpec, ProgramStep
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.fit_loop import endless_batches, fit_loop
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, FloatArray, Recipe, Weights

JOB = make_job(JobSpec(outputs="regression", recipe=Recipe(batch_size=50, max_epochs=6, patience=2)))


@dataclass
class ScriptedLoop:
    """A network whose only weight counts its steps; ``totals`` are its validation losses by epoch."""

    totals: Sequence[float]
    job: Job = JOB
    events: list[str] = field(default_factory=list)
    step_count: int = 0

    def batches(self, epoch: int) -> Iterator[int]:
        return iter((2 * epoch, 2 * epoch + 1))

    def step(self, rows: int) -> float:
        assert rows == self.step_count
        self.step_count += 1
        self.events.append("step")
        return float(self.step_count)

    def mean(self, losses: Sequence[float]) -> FloatArray:
        return np.array([np.mean(losses)])

    def validate(self) -> tuple[FloatArray, float]:
        self.events.append("validate")
        return np.array([0.0]), self.totals[self.step_count // 2 - 1]

    def snapshot(self) -> int:
        return self.step_count

    def restore(self, snapshot: int) -> None:
        self.step_count = snapshot

    def read_weights(self) -> dict[str, np.ndarray]:
        return {"steps": np.array([self.step_count])}

    def predict(self) -> np.ndarray:
        return np.full((1, 1), self.step_count)

    def clock(self) -> float:
        self.events.append("clock")
        return float(self.events.count("step"))


def test_it_restores_the_best_epoch_and_times_the_steps_alone() -> None:
    loop = ScriptedLoop([3.0, 1.0, 2.0, 1.0, 9.0])
    trained = fit_loop(loop, loop.clock)
    assert (trained.epochs, trained.best_epoch, trained.stopped_by, trained.failure) == (4, 1, "patience", None)
    assert loop.events == ["clock", "step", "step", "clock", "validate"] * 4
    np.testing.assert_array_equal(trained.epoch_seconds, [2.0] * 4)
    np.testing.assert_array_equal(trained.train_loss[:, 0], [1.5, 3.5, 5.5, 7.5])
    assert trained.weights["steps"] == trained.predictions[0, 0] == 4


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_total_that_is_not_finite_is_a_failure(broken: float) -> None:
    """Also where each output's own loss is finite. Without a single good epoch the initial weights come back."""
    later = fit_loop(ScriptedLoop([1.0, broken]), lambda: 0.0)
    assert (later.epochs, later.best_epoch, later.failure) == (2, 0, "the loss is not finite in epoch 2")
    assert later.weights["steps"] == 2
    first = fit_loop(ScriptedLoop([broken]), lambda: 0.0)
    assert (first.epochs, first.failure) == (1, "the loss is not finite in epoch 1")
    assert first.weights["steps"] == 0


def test_batches_go_on_from_epoch_to_epoch() -> None:
    batches = endless_batches(ScriptedLoop([]))
    assert [next(batches) for _ in range(5)] == [0, 1, 2, 3, 4]


class ScriptedProgram:
    """A stack whose validation totals by epoch are ``totals``, which its outputs' losses do not add up to."""

    totals = (2.0, 1.0, 1.0, 1.0, 1.0, 1.0)

    def __init__(self, spec: ProgramSpec, data: PackedData) -> None:
        self.spec, self.epoch = spec, 0

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: np.ndarray) -> None:
        self.epoch = 0

    def advance(self, rows: BatchRows, _: Meanwhile | None = None) -> ProgramStep:
        start, self.epoch = self.epoch, self.epoch + self.spec.epochs
        totals = np.array(self.totals[start : self.epoch])[:, None]
        falling = np.linspace(2, 1, len(self.totals))[start : self.epoch, None, None]
        return ProgramStep(falling, falling, totals)

    def best(self, slot: int) -> list[dict[str, np.ndarray]]:
        return [{name: np.array(value) for name, value in JOB.initial.items()}]

    def weights(self, slot: int) -> dict[str, np.ndarray]:
        return self.best(slot)[0]


def test_the_engine_s_best_epoch_is_that_of_the_weights_that_its_program_kept() -> None:
    """A program compares totals in its own precision, where epochs may tie that differ in float64."""

    def predict(network: Architecture, requests: Sequence[tuple[Weights, Float32Array]]) -> list[Float32Array]:
        return [np.zeros((len(rows), 1), np.float32) for _, rows in requests]

    (trained,) = fit_stacked([replace(JOB, precision="float64")], ScriptedProgram, predict)
    assert (trained.epochs, trained.best_epoch, trained.stopped_by) == (4, 1, "patience")
    np.testing.assert_allclose(trained.validation_loss[:, 0], [2.0, 1.8, 1.6, 1.4])
