"""Requests on a GPU, networks in turn and as one captured graph: how much of a request is launching its kernels.

Networks of wine_quality's shape with made-up weights, of one row and of 65,536. Each row of the table has the ratio to
networks in turn, with its 95 % interval, in extra_info, and so do the copies that are part of both.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from jointbench.backends.protocols import Backend
from jointbench.benchmarks.engine import FEATURES, OUTPUTS, WIDTH
from jointbench.benchmarks.requests import LatencyCase, TimedCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm
from jointbench.measure.paired_timing import log_ratios
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.initialization import initial_weights
from jointbench.records import COPIES, CUDA_GRAPH, SEQUENTIAL, ExecutionMode, Variant
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.environment import cores
from jointbench.runtime.workers import Workers, unusable_reason
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import Shape, Weights
from worker_clock import CLOCK

NO_GPU = gpu_unavailable_reason()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(NO_GPU is not None, reason=f"CUDA: {NO_GPU}")]
SIZES = (1, 65_536)
MODES: tuple[ExecutionMode, ...] = (SEQUENTIAL, CUDA_GRAPH, COPIES)
ARMS = {"joint": (OUTPUTS,), "separate": tuple((output,) for output in OUTPUTS)}
BUDGET = Budget(40.0, 20.0)


@pytest.fixture(scope="module")
def cases() -> dict[int, TimedCase]:
    """Both arms in both ways and the copies alone, in one set of turns for each number of rows."""
    arms: dict[str, tuple[tuple[Architecture, Weights], ...]] = {}
    for name, groups in ARMS.items():
        built = [architecture(Shape((WIDTH, WIDTH)), (FEATURES,), group) for group in groups]
        arms[name] = tuple(
            (network, initial_weights(network, [output.name for output in group], 0))
            for network, group in zip(built, groups, strict=True)
        )
    rows = np.random.default_rng(0).normal(size=(1_000, FEATURES)).astype(np.float32)

    def timed(backend: Backend) -> list[TimedCase]:
        timed_arms = {name: TimedArm((), (), arm, tuple(backend.server(arm)(rows))) for name, arm in arms.items()}
        return time_requests(backend, timed_arms, rows, [LatencyCase(size, MODES) for size in SIZES], BUDGET)

    with Workers("torch", "cuda", cores(), 1) as worker:
        if (reason := worker.submit(unusable_reason).result()) is not None:
            pytest.skip(reason)
        return {case.batch_size: case for case in worker.submit(timed).result()}


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("size", SIZES)
def test_request_on_a_device(
    benchmark: BenchmarkFixture, cases: dict[int, TimedCase], size: int, name: str, mode: ExecutionMode
) -> None:
    variant, case = Variant(name, mode), cases[size]
    if variant in case.untimed:
        pytest.skip(case.untimed[variant].reason)
    samples = case.sample_sets[-1].samples
    ratio = time_ratio(log_ratios(samples, variant, Variant(name, SEQUENTIAL)))
    benchmark.group = f"device | request of {size:,} rows"
    benchmark.extra_info.update(
        ratio_to_in_turn=ratio.value,
        low=ratio.low,
        high=ratio.high,
        bytes_to_device=case.copied[variant].to_device,
        bytes_to_host=case.copied[variant].to_host,
    )
    seconds = samples.seconds[[visitor == variant for visitor in samples.order]].ravel()
    CLOCK.load(seconds)
    benchmark.pedantic(CLOCK.replay, rounds=len(seconds))
