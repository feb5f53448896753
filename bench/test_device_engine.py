"""The PyTorch engine on a CUDA device, in microseconds per step of one network, with its ratio to the stock loop on the
same card in the same run: at 20 to 2,000 networks of wine_quality's shape, and 100 of coloured_digits'.

    pytest bench/test_device_engine.py -m gpu --benchmark-only --benchmark-json engine-on-cuda.json
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from jointbench.backends.registry import unavailable_reason
from jointbench.benchmarks.device_engine import NETWORKS, DeviceSpeed, device_speed
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.workers import Workers
from worker_clock import CLOCK

MISSING = gpu_unavailable_reason() or unavailable_reason("torch")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(MISSING is not None, reason=f"CUDA: {MISSING}")]


@pytest.fixture(scope="module")
def speed() -> DeviceSpeed:
    with Workers("torch", "cuda", 1, 1) as worker:
        return worker.submit(device_speed).result()


@pytest.mark.benchmark(timer=CLOCK, group="engine on CUDA | one step of one network")
@pytest.mark.parametrize(("job", "networks"), [(job, count) for job, counts in NETWORKS.items() for count in counts])
def test_step_on_cuda(benchmark: BenchmarkFixture, speed: DeviceSpeed, job: str, networks: int) -> None:
    benchmark.extra_info["times_the_stock_loop"] = round(speed.times_faster(job, networks), 1)
    benchmark.extra_info["eager_reason"] = speed.eager_reasons.get((job, networks), "")
    CLOCK.load([speed.engine[job, networks] / 1e6])
    benchmark.pedantic(CLOCK.replay, rounds=1)


@pytest.mark.benchmark(timer=CLOCK, group="engine on CUDA | one step of one network")
@pytest.mark.parametrize("job", NETWORKS)
def test_step_of_the_stock_loop_on_cuda(benchmark: BenchmarkFixture, speed: DeviceSpeed, job: str) -> None:
    CLOCK.load([speed.stock[job] / 1e6])
    benchmark.pedantic(CLOCK.replay, rounds=1)
