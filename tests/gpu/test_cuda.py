"""On a CUDA device: the steps of the CPU, timing, and memory. Each framework runs in its own process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.benchmarks.memory import serving_peak, training_peak
from jointbench.benchmarks.requests import LatencyCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm, time_training
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.workers import Workers, unusable_reason
from jointbench.types import Output, Recipe, Shape

NO_GPU = gpu_unavailable_reason()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(NO_GPU is not None, reason=f"CUDA: {NO_GPU}")]
OUTPUTS = (Output("r", "regression"), Output("b", "binary", ("no", "yes")))


def make_job(images: bool) -> Job:
    rng = np.random.default_rng(1)
    size = (12, 12, 3) if images else (20,)
    network = architecture(Shape((32,), channels=(4, 8) if images else ()), size, OUTPUTS)
    features = rng.normal(size=(400, *size)).astype(np.float32)
    flat = features.reshape(400, -1)
    targets = np.stack([flat[:, 0], flat[:, 1] > 0], axis=1).astype(np.float32)
    order = rng.permutation(400)
    return Job(
        architecture=network,
        recipe=Recipe(optimizer="sgd", learning_rate=1e-2, batch_size=32, max_epochs=3, patience=5),
        features=features,
        targets=targets,
        weights=np.ones_like(targets),
        train=order[:300],
        validation=order[300:350],
        test=order[350:],
        loss_weights=(1.0, 1.0),
        initial=initial_weights(network, ["r", "b"], 1),
        seed=1,
    )


@pytest.fixture(scope="module", params=[name for name in BACKENDS if unavailable_reason(name) is None])
def workers(request: pytest.FixtureRequest) -> Iterator[tuple[Workers, Workers]]:
    """The backend on the CPU and on the device, side by side; TensorFlow's process stays while PyTorch's works."""
    with Workers(request.param, "cpu", 1, 1) as cpu, Workers(request.param, "cuda", 1, 1) as cuda:
        if (reason := cuda.submit(unusable_reason).result()) is not None:
            pytest.skip(reason)
        yield cpu, cuda


@pytest.mark.parametrize("images", [False, True])
def test_ten_steps_give_the_weights_of_the_cpu(workers: tuple[Workers, Workers], images: bool) -> None:
    def steps(backend: Backend, job: Job) -> dict[str, np.ndarray]:
        return dict(backend.steps(job, 10))

    on_cpu, on_device = (worker.submit(steps, make_job(images)).result() for worker in workers)
    for name, weights in on_cpu.items():
        np.testing.assert_allclose(on_device[name], weights, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("images", [False, True])
def test_the_engine_trains_as_on_the_cpu(workers: tuple[Workers, Workers], images: bool) -> None:
    def losses(backend: Backend, job: Job) -> np.ndarray:
        return backend.fit_stacked([job, job]).trained[1].validation_loss

    on_cpu, on_device = (worker.submit(losses, make_job(images)).result() for worker in workers)
    np.testing.assert_allclose(on_device, on_cpu, rtol=1e-3)


def test_it_is_timed(workers: tuple[Workers, Workers]) -> None:
    job = make_job(images=False)
    networks = ((job.architecture, job.initial),)

    def answers(backend: Backend) -> tuple[np.ndarray, ...]:
        return tuple(backend.server(networks)(job.features))

    timed_arms = {name: TimedArm((job,), (1,), networks, workers[0].submit(answers).result()) for name in ("a", "b")}
    budget = Budget(10.0, 1.0)
    (sample_set, *_) = (
        workers[1].submit(time_training, timed_arms, ("stock loop", "engine"), budget).result().sample_sets
    )
    assert np.all(sample_set.samples.seconds > 0)
    cases = [LatencyCase(1, ("in turn", "fused", "one of N", "compiled")), LatencyCase(64, ("in turn", "fused"))]
    for timed_case in workers[1].submit(time_requests, timed_arms, job.features, cases, budget).result():
        assert not timed_case.untimed
        assert np.all(timed_case.sample_sets[0].samples.seconds > 0)


def test_device_memory_is_the_frameworks_own_count(workers: tuple[Workers, Workers]) -> None:
    job = make_job(images=True)
    _, on_cpu = workers[0].submit(training_peak, [job]).result()
    _, training = workers[1].submit(training_peak, [job]).result()
    network = [(job.architecture, job.initial)]
    _, serving = workers[1].submit(serving_peak, network, job.features, 4096).result()
    assert on_cpu is None
    assert training is not None and training >= job.features.nbytes
    assert serving is not None and serving >= 4096 * job.features[0].nbytes
