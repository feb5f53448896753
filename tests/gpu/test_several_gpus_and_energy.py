"""On CUDA devices: one worker for each GPU, the joules of one GPU, and a whole run. The GPU's memory grows as needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.benchmarks.energy import UPDATES_IN_VISIT, EnergyPlan, measure_energy
from jointbench.benchmarks.training_steps import TimedArm
from jointbench.measure.energy import energy_unavailable_reason
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.records import Timing
from jointbench.records.store import read_records
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.gpus import visible_gpus
from jointbench.runtime.workers import Workers, unusable_device_reason
from jointbench.types import Output, Recipe, Shape

NO_GPU = gpu_unavailable_reason()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(NO_GPU is not None, reason=f"CUDA: {NO_GPU}")]
GPUS = tuple(gpu.uuid for gpu in visible_gpus())  # free or not: the driver lists a process that ended a while longer
INSTALLED = [name for name in BACKENDS if unavailable_reason(name) is None]
OUTPUTS = (Output("r", "regression"), Output("b", "binary", ("no", "yes")))


def make_job() -> Job:
    rng = np.random.default_rng(2)
    network = architecture(Shape((32,)), (20,), OUTPUTS)
    features = rng.normal(size=(400, 20)).astype(np.float32)
    targets = np.stack([features[:, 0], features[:, 1] > 0], axis=1).astype(np.float32)
    return Job(
        architecture=network,
        recipe=Recipe(learning_rate=1e-2, batch_size=32, max_epochs=3, patience=5),
        features=features,
        targets=targets,
        weights=np.ones_like(targets),
        train=np.arange(300),
        validation=np.arange(300, 350),
        test=np.arange(350, 400),
        loss_weights=(1.0, 1.0),
        initial=initial_weights(network, ["r", "b"], 1),
        seed=1,
    )


def trained_on(backend: Backend, job: Job) -> tuple[str | None, int, float]:
    """The GPU that the worker sees, the worker, and what it computed there."""
    weights = backend.steps(job, 3)
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.getpid(), float(sum(abs(w).sum() for w in weights.values()))


def die(_: Backend) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(params=INSTALLED)
def backend_name(request: pytest.FixtureRequest) -> str:
    """One whose framework can use the GPU."""
    with Workers(request.param, "cuda", 1, 1) as workers:
        if (reason := unusable_device_reason(workers)) is not None:
            pytest.skip(reason)
    return str(request.param)


def test_each_worker_has_a_card_and_so_has_its_successor(backend_name: str) -> None:
    gpus, job = GPUS, make_job()
    with Workers(backend_name, "cuda", 1, len(gpus), gpus=gpus) as workers:
        outcomes = [future.result() for future in [workers.submit(trained_on, job) for _ in range(4 * len(gpus))]]
        assert {gpu for gpu, _, _ in outcomes} <= set(gpus)
        assert len({pid for _, pid, _ in outcomes}) <= len(gpus)
        np.testing.assert_allclose([total for _, _, total in outcomes], outcomes[0][2], rtol=1e-4)
        with pytest.raises(BrokenProcessPool):
            workers.submit(die).result()
        assert workers.submit(trained_on, job).result()[0] in gpus


def test_two_processes_share_a_card(backend_name: str) -> None:
    """Neither takes all of its memory: TensorFlow would, where its memory did not grow as needed."""
    gpu = GPUS[:1]
    with Workers(backend_name, "cuda", 1, 1, gpus=gpu) as one, Workers(backend_name, "cuda", 1, 1, gpus=gpu) as two:
        first, second = (workers.submit(trained_on, make_job()).result() for workers in (one, two))
    assert first[1] != second[1]
    assert first[2] == pytest.approx(second[2], rel=1e-4)


def test_joules_are_counted() -> None:
    name, gpu = INSTALLED[0], GPUS[0]
    if (reason := energy_unavailable_reason("cuda", gpu)) is not None:
        pytest.skip(reason)
    job = make_job()
    arms = {arm: TimedArm((job,), (count,), ((job.architecture, job.initial),)) for arm, count in (("a", 1), ("b", 3))}
    plan = EnergyPlan(device="cuda", gpu=gpu, training_batch=32, batch_sizes=(), seconds=40.0)
    with Workers(name, "cuda", 1, 1, gpus=(gpu,)) as workers:
        measured = workers.submit(measure_energy, arms, job.features, plan).result()
    assert 0 < measured.update_seconds < 1
    assert 1 < measured.idle_watts < 1000
    (case,) = measured.cases
    assert case.samples is not None, case.left_out
    joules, seconds = case.samples.seconds.T
    assert np.all(joules / seconds > measured.idle_watts / 2) and np.all(joules / seconds < 2000)
    of = {arm: joules[[variant.arm == arm for variant in case.samples.order]].mean() for arm in arms}
    assert of["b"] / of["a"] == pytest.approx(3, rel=0.3), "three networks of the same shape"
    assert UPDATES_IN_VISIT * measured.update_seconds < 40


def test_a_whole_run(tmp_path: Path) -> None:
    deadline = time.monotonic() + 30
    while gpu_unavailable_reason() is not None and time.monotonic() < deadline:
        time.sleep(0.5)  # of the tests before
    out = tmp_path / "out"
    words = [
        "run",
        "concrete_slump",
        "--profile",
        "smoke",
        "--device",
        "cuda",
        "--jobs",
        "1",
        "--backend",
        INSTALLED[0],
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "jointbench", *words, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "one process trains on GPU" in (out / "environment.json").read_text(encoding="utf-8")
    timings = [record for record in read_records(out) if isinstance(record, Timing)]
    assert {timing.device for timing in timings} == {"cuda"}
    assert {timing.scenario for timing in timings} == {"training", "request"}
