"""The engine against the tools people use, in one run on one job; written to engine.json in the run's folder.

The loops that people run have all cores, as by default; an engine has one thread, and beside it stands what one stack
on every core gives together. One contender after the other.
"""

from __future__ import annotations

from concurrent.futures import wait

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from conftest import run_folder
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.benchmarks.engine import REPLICATES, engine_speed, gemm_gflops, sklearn_speed, stock_speed
from jointbench.runs.engine_file import EngineSpeed, read_engine, write_engine
from jointbench.runtime.environment import cores
from jointbench.runtime.workers import Workers, import_seconds
from worker_clock import CLOCK

REPEATS = 3
ONE_STACK = 20  # replicates of each stack where two workers train one each


@pytest.fixture(scope="module")
def speeds(request: pytest.FixtureRequest) -> dict[str, float]:
    """Microseconds per step and replicate of every contender."""
    if (earlier := read_engine(run_folder(request.config))) is not None:  # of a run that goes on
        return dict(earlier.us_per_step)
    us: dict[str, float] = {}
    for backend in BACKENDS:
        if unavailable_reason(backend) is None:
            with Workers(backend, "cpu", cores(), 1) as worker, Workers(backend, "cpu", 1, cores()) as workers:
                # Both pools load their framework at the same time; nothing is timed before all have.
                wait([pool.submit(import_seconds) for pool in (worker, *(workers,) * cores())])
                us |= worker.submit(stock_speed, REPEATS).result()  # the loops that people run, as they run them
                us |= workers.submit(engine_speed, REPLICATES, REPEATS).result()
                both = [workers.submit(engine_speed, (ONE_STACK,), REPEATS) for _ in range(cores())]
                slowest = max(next(iter(future.result().values())) for future in both)
                us[f"{backend}_stacked_{ONE_STACK}_on_every_core"] = slowest / cores()
    us["sklearn_mlp"] = sklearn_speed(REPEATS)
    with threadpool_limits(1):
        gflops = gemm_gflops(REPEATS)
    rounded = {name: round(value, 2) for name, value in us.items()}
    write_engine(run_folder(request.config), EngineSpeed(us_per_step=rounded, gemm_gflops=round(gflops, 2)))
    return us


CONTENDERS = (
    *(f"{backend}_stacked_{count}" for backend in BACKENDS for count in (*REPLICATES, f"{ONE_STACK}_on_every_core")),
    *(f"{backend}_stock" for backend in BACKENDS),
    "keras_fit",
    "torch_dataloader",
    "lightning",
    "skorch",
    "sklearn_mlp",
)


@pytest.mark.benchmark(timer=CLOCK, group="engine | one step of one replicate")
@pytest.mark.parametrize("contender", CONTENDERS)
def test_step(benchmark: BenchmarkFixture, speeds: dict[str, float], contender: str) -> None:
    if contender not in speeds:
        pytest.skip(f"{contender}: not installed")
    CLOCK.load([speeds[contender] / 1e6])
    benchmark.pedantic(CLOCK.replay, rounds=1)
