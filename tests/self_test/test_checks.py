"""The checks find what is planted, and let the real thing pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jointbench.backends.registry import BACKENDS, load, unavailable_reason
from jointbench.measure import paired_timing
from jointbench.self_test import checks
from jointbench.self_test.checks import (
    copies_in_pairs,
    flop_counts,
    ratio_of,
    request_checks,
    stored_answers,
    training_checks,
)


class Machine:
    """A clock of its own, moved by the work of a backend whose every copy costs the same, but for noise."""

    name = "pretend"

    def __init__(self, noise: float = 0.0, skips: bool = False) -> None:
        self.now, self.noise, self.skips = 0.0, noise, skips
        self.rng = np.random.default_rng(0)

    def work(self, seconds: float) -> float:
        noisy_seconds = seconds * math.exp(self.rng.normal(0, self.noise))
        self.now += noisy_seconds
        return noisy_seconds

    def trainer(self, jobs: Any, steps: int) -> Any:
        class Trainer:
            def resize(trainer, steps: int) -> None:  # noqa: N805 - self is the machine
                trainer.steps = checks.UNITS if self.skips else steps

            def __call__(trainer, clock: Callable[[], float]) -> float:  # noqa: N805 - the same
                return self.work(1e-3 * trainer.steps)

            def close(trainer) -> None:  # noqa: N805 - the same
                pass

        trainer = Trainer()
        trainer.resize(steps)
        return trainer

    def server(self, networks: Any) -> Any:
        def answer(rows: Any) -> list[Any]:
            self.work(1e-4)
            return [rows[:, :1]]

        return answer

    def synchronise(self) -> None:
        """There is no device to wait for."""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def make(**settings: Any) -> Any:
        pretend = Machine(**settings)
        for module in (paired_timing, checks):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: pretend.now))
        return pretend

    return make


def test_a_known_truth_comes_out(machine: Callable[..., Any]) -> None:
    _, training = training_checks(machine(noise=0.01), 30.0)
    _, request = request_checks(machine(noise=0.01), 64, 30.0)
    for truth in (training, request):
        assert truth.ratio is not None
        assert truth.ratio.value == pytest.approx(1.10, abs=0.02)
        assert truth.ratio.high - truth.ratio.low < 0.04


def test_steps_that_are_skipped_do_not_come_out_as_the_truth(machine: Callable[..., Any]) -> None:
    _, truth = training_checks(machine(noise=0.01, skips=True), 30.0)
    assert truth.ratio is not None
    assert truth.ratio.value == pytest.approx(1.0, abs=0.02)


def test_every_copy_is_as_often_first_as_second(machine: Callable[..., Any]) -> None:
    """So what a copy is by itself cancels in the mean over the pairs."""
    pretend = machine()
    costs = [1.0, 1.1, 0.9, 1.3, 1.2]
    pairs = copies_in_pairs("x", [lambda cost=cost: [pretend.work(1e-3 * cost)] for cost in costs], 100.0)
    assert len(pairs.ratios) == 20
    logs = [math.log(ratio.value) for ratio in pairs.ratios]
    assert sum(logs) == pytest.approx(0, abs=1e-9)
    assert max(logs) == pytest.approx(math.log(1.3 / 0.9))


def test_pairs_end_when_the_time_is_spent(machine: Callable[..., Any]) -> None:
    pretend = machine()
    pairs = copies_in_pairs("x", [lambda: [pretend.work(1e-2)]] * 5, 1.0)
    assert 1 <= len(pairs.ratios) < 20
    assert pretend.now < 2.0


def test_too_slow_for_eight_blocks_is_no_ratio(machine: Callable[..., Any]) -> None:
    pretend = machine()
    assert ratio_of({"A": lambda: [pretend.work(5.0)], "B": lambda: [pretend.work(5.0)]}, 1.0) is None


@pytest.mark.parametrize("name", [name for name in BACKENDS if unavailable_reason(name) is None])
def test_each_backend_computes_its_answers_and_counts_flops_as_the_closed_form(name: str) -> None:
    backend = load(name, "cpu", 1)
    stored = stored_answers(backend)
    assert (stored.real_passes, stored.stored_is_detected) == (True, True)
    counts = flop_counts(backend, 4, seed=3)
    assert (counts.shapes, counts.different) == (4, 0)


def test_a_flop_that_is_not_counted_is_a_difference() -> None:
    class Miscounts:
        name = "pretend"

        def counted_flops(self, network: Any, batch_size: int) -> dict[str, int]:
            from jointbench.networks.flops import inference_flops_per_row, train_flops_per_row

            self.calls = getattr(self, "calls", 0) + 1
            exact = {
                "train": batch_size * train_flops_per_row([network]),
                "inference": batch_size * inference_flops_per_row([network]),
            }
            return exact if self.calls != 3 else exact | {"train": exact["train"] + 2}

    assert flop_counts(Miscounts(), 8).different == 1
