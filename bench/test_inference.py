"""Seconds of one request for all outputs: numpy rows in, numpy answers out, the arm's networks called in turn."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from conftest import Outcome
from worker_clock import CLOCK


@pytest.mark.benchmark(timer=CLOCK)
def test_request(
    benchmark: BenchmarkFixture, outcome: Outcome, dataset: str, backend: str, device: str, arm: str, batch_size: int
) -> None:
    cost = outcome.cost(dataset, backend, device, arm)
    seconds = outcome.samples(dataset, backend, device, arm, "request", batch_size)
    benchmark.group = f"{dataset} | {backend} {device} | request of {batch_size} rows"
    benchmark.extra_info.update(
        inference_flops=cost.inference_flops_per_row * batch_size, parameters=cost.parameters, networks=len(cost.groups)
    )
    CLOCK.load(seconds)
    benchmark.pedantic(CLOCK.replay, rounds=len(seconds))
