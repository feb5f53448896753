"""On a CUDA device: the same steps as on the CPU, timed, with its memory counted. Each framework in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from jointbench.backends.base import Backend, Job
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


def job(images: bool) -> Job:
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
    def steps(backend: Backend, one: Job) -> dict[str, np.ndarray]:
        return dict(backend.steps(one, 10))

    on_cpu, on_device = (worker.submit(steps, job(images)).result() for worker in workers)
    for name, weights in on_cpu.items():
        np.testing.assert_allclose(on_device[name], weights, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("images", [False, True])
def test_the_engine_trains_as_on_the_cpu(workers: tuple[Workers, Workers], images: bool) -> None:
    def losses(backend: Backend, one: Job) -> np.ndarray:
        return backend.fit_stacked([one, one]).trained[1].validation_loss

    on_cpu, on_device = (worker.submit(losses, job(images)).result() for worker in workers)
    np.testing.assert_allclose(on_device, on_cpu, rtol=1e-3)


def test_it_is_timed(workers: tuple[Workers, Workers]) -> None:
    one = job(images=False)
    networks = ((one.architecture, one.initial),)

    def answers(backend: Backend) -> tuple[np.ndarray, ...]:
        return tuple(backend.server(networks)(one.features))

    timed_arms = {name: TimedArm((one,), (1,), networks, workers[0].submit(answers).result()) for name in ("a", "b")}
    budget = Budget(10.0, 1.0)
    (take, *_) = workers[1].submit(time_training, timed_arms, ("stock loop", "engine"), budget).result().sample_sets
    assert np.all(take.samples.seconds > 0)
    rounds = [LatencyCase(1, ("in turn", "fused", "one of N", "compiled")), LatencyCase(64, ("in turn", "fused"))]
    for timed in workers[1].submit(time_requests, timed_arms, one.features, rounds, budget).result():
        assert not timed.untimed
        assert np.all(timed.sample_sets[0].samples.seconds > 0)


def test_device_memory_is_the_frameworks_own_count(workers: tuple[Workers, Workers]) -> None:
    one = job(images=True)
    _, on_cpu = workers[0].submit(training_peak, [one]).result()
    _, training = workers[1].submit(training_peak, [one]).result()
    network = [(one.architecture, one.initial)]
    _, serving = workers[1].submit(serving_peak, network, one.features, 4096).result()
    assert on_cpu is None
    assert training is not None and training >= one.features.nbytes
    assert serving is not None and serving >= 4096 * one.features[0].nbytes
