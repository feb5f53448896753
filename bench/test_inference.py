"""Seconds of one request, numpy rows in, numpy answers out.

For all outputs, the arm's networks called in turn or fused into one program; or for one output of N. On CUDA also in
turn as one captured graph, and the copies of a request alone.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from jointbench.records import ExecutionMode, Variant
from outcome import OutcomeCell
from worker_clock import CLOCK


@pytest.mark.benchmark(timer=CLOCK)
def test_request(
    benchmark: BenchmarkFixture, cell: OutcomeCell, arm: str, batch_size: int, path: ExecutionMode
) -> None:
    cost = cell.cost(arm)
    seconds = cell.samples(Variant(arm, path), batch_size)
    benchmark.group = f"{cell.dataset} | {cell.backend} {cell.device} | request of {batch_size} rows, {path}"
    benchmark.extra_info.update(
        inference_flops=cost.inference_flops_per_row * batch_size, parameters=cost.parameters, networks=len(cost.groups)
    )
    CLOCK.load(seconds)
    benchmark.pedantic(CLOCK.replay, rounds=len(seconds))
