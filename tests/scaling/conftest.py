"""A pretend machine whose costs are known: so much for each call of a layer, so much for each FLOP."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.measure import paired_timing
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import inference_flops_per_row, train_flops_per_row
from jointbench.scaling import timed


class Machine:
    """A backend with a clock of its own. Costs are in seconds; noise is the spread of their logarithm."""

    name = "pretend"

    def __init__(self, per_call: float, per_flop: float, noise: float = 0.0) -> None:
        self.per_call, self.per_flop, self.noise = per_call, per_flop, noise
        self.now = 0.0
        self.open = 0
        self.asked = 0
        self.rng = np.random.default_rng(0)

    def work(self, network: Architecture, flops: float) -> float:
        calls = len(list(network.layers))
        seconds = (calls * self.per_call + flops * self.per_flop) * math.exp(self.rng.normal(0, self.noise))
        self.now += seconds
        return seconds

    def trainer(self, jobs: Sequence[Job], steps: int) -> Any:
        (job,) = jobs
        flops = train_flops_per_row([job.architecture]) * job.recipe.batch_size
        self.open += 1
        machine = self

        class Trainer:
            def __call__(self, clock: Callable[[], float]) -> float:
                return sum(machine.work(job.architecture, flops) for _ in range(steps))

            def close(self) -> None:
                machine.open -= 1

        return Trainer()

    def synchronise(self) -> None:
        """There is no device to wait for."""

    def server(self, networks: Sequence[tuple[Architecture, Any]]) -> Any:
        def answer(rows: Any) -> list[Any]:
            self.asked = max(self.asked, len(networks))
            for network, _ in networks:
                self.work(network, inference_flops_per_row([network]) * len(rows))
            return []

        return answer


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes pretend machines whose clock every reading of time sees."""

    def make(per_call: float, per_flop: float, noise: float = 0.0) -> Any:
        pretend = Machine(per_call, per_flop, noise)
        for module in (paired_timing, timed):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: pretend.now))
        return pretend

    return make
