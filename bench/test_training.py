"""Seconds of one optimisation step of every network of an arm, stock loop, one network after the other."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from jointbench.records import Variant
from outcome import OutcomeCell
from worker_clock import CLOCK


@pytest.mark.benchmark(timer=CLOCK)
def test_training_step(benchmark: BenchmarkFixture, cell: OutcomeCell, arm: str) -> None:
    cost = cell.cost(arm)
    seconds = cell.samples(Variant(arm, "stock loop"))
    benchmark.group = f"{cell.dataset} | {cell.backend} {cell.device} | training step"
    benchmark.extra_info.update(
        {f"skill of {q.output}": round(q.skill, 4) for q in cell.summary.quality if q.model == arm}
    )
    benchmark.extra_info.update(
        train_flops=cost.train_flops,
        train_flops_per_row=cost.train_flops_per_row,
        parameters=cost.parameters,
        train_seconds=cost.train_seconds,
        networks=len(cost.groups),
    )
    CLOCK.load(seconds)
    benchmark.pedantic(CLOCK.replay, rounds=len(seconds))
    assert not cost.failures, cost.failures
