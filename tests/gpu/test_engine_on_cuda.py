"""The PyTorch engine on a CUDA device: by graphs, which change nothing, and as on the processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import unavailable_reason
from jointbench.benchmarks.device_engine import device_speed
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.workers import Workers
from jointbench.types import Output, Recipe, Shape

MISSING = gpu_unavailable_reason() or unavailable_reason("torch")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(MISSING is not None, reason=f"CUDA: {MISSING}")]
OUTPUTS = (
    Output("r", "regression"),
    Output("b", "binary", ("no", "yes")),
    Output("m", "multiclass", ("x", "y", "z")),
)
ADAM = Recipe(optimizer="adam", learning_rate=1e-3, batch_size=32, max_epochs=6, patience=2)
STACKS = {
    "adam": (Shape((32, 16)), ADAM),
    "adamw, own checkpoints": (Shape((32,)), replace(ADAM, optimizer="adamw", weight_decay=0.01, checkpoint="output")),
    "sgd, deep heads": (Shape((32,), head=(8,)), replace(ADAM, optimizer="sgd", learning_rate=0.01)),
    "residual": (Shape((16, 16, 16), norm="layer", residual=True, dropout=0.2), ADAM),
    "images": (Shape((32,), channels=(4, 8)), ADAM),
}


def jobs_of(name: str, count: int = 5) -> list[Job]:
    """Jobs of other data, seeds and numbers of rows, so that some have no batch where others have."""
    shape, recipe = STACKS[name]
    size = (13, 12, 3) if shape.channels else (20,)
    network = architecture(shape, size, OUTPUTS)
    jobs = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(400, *size)).astype(np.float32)
        signal = features.reshape(400, -1)[:, :3].sum(axis=1)
        targets = np.stack([signal, signal > 0, np.digitize(signal, (-1, 1))], axis=1).astype(np.float32)
        order = rng.permutation(400)
        jobs.append(
            Job(
                architecture=network,
                recipe=recipe,
                features=features,
                targets=targets,
                weights=(rng.random(targets.shape) > 0.1).astype(np.float32),
                train=order[: 300 - 40 * seed],
                validation=order[300:350],
                test=order[350 + 5 * seed :],
                loss_weights=(1.0, 0.5, 2.0),
                initial=initial_weights(network, ["r", "b", "m"], seed),
                seed=seed,
            )
        )
    return jobs


def losses(backend: Backend, jobs: list[Job]) -> tuple[list[np.ndarray], str]:
    stacked = backend.fit_stacked(jobs)
    return [np.hstack([fit.train_loss, fit.validation_loss]) for fit in stacked.trained], stacked.eager_reason


def eager_losses(backend: Backend, jobs: list[Job]) -> tuple[list[np.ndarray], str]:
    """With steps that are called one operation after the other, as where none can be captured."""
    from jointbench.backends.pytorch.batched import device_loop
    from jointbench.backends.pytorch.launcher import Launcher

    capturing = device_loop.make_launcher
    device_loop.make_launcher = lambda step, device, state: Launcher(step, "not tried")
    try:
        return losses(backend, jobs)
    finally:
        device_loop.make_launcher = capturing


def answers(backend: Backend, jobs: list[Job]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of the engine, which asks all networks together, and of the networks as they are served."""
    fits = backend.fit_stacked(jobs).trained
    return [
        (fit.predictions, backend.server([(job.architecture, fit.weights)])(job.features[job.test])[0])
        for job, fit in zip(jobs, fits, strict=True)
    ]


@pytest.fixture(scope="module")
def cuda() -> Iterator[Workers]:
    with Workers("torch", "cuda", 1, 1) as workers:
        yield workers


@pytest.fixture(scope="module")
def cpu() -> Iterator[Workers]:
    with Workers("torch", "cpu", 1, 1) as workers:
        yield workers


@pytest.mark.parametrize("name", STACKS)
def test_the_losses_are_the_processor_s(cpu: Workers, cuda: Workers, name: str) -> None:
    """Of the epochs that both took; rounding may move the last of many, on which patience hangs."""
    expected, _ = cpu.submit(losses, jobs_of(name)).result()
    on_device, reason = cuda.submit(losses, jobs_of(name)).result()
    assert reason == "", "every step of these networks can be captured"
    for own, other in zip(on_device, expected, strict=True):
        epochs = min(len(own), len(other))
        assert epochs > 1
        np.testing.assert_allclose(own[:epochs], other[:epochs], rtol=1e-3)


@pytest.mark.parametrize("name", STACKS)
def test_a_graph_changes_nothing(cuda: Workers, name: str) -> None:
    replayed, _ = cuda.submit(losses, jobs_of(name)).result()
    called, reason = cuda.submit(eager_losses, jobs_of(name)).result()
    assert reason == "not tried"
    for own, other in zip(replayed, called, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4)


@pytest.mark.parametrize("name", ["adam", "images"])
def test_networks_that_answer_together_are_those_that_are_served(cuda: Workers, name: str) -> None:
    for together, served in cuda.submit(answers, jobs_of(name)).result():
        np.testing.assert_allclose(together, served, rtol=1e-4, atol=1e-5)


def captures(_: Backend) -> list[str | None]:
    """A step that a graph can hold, one that reads a value on the host, and the first again: what was left of each."""
    import torch

    from jointbench.backends.pytorch.launcher import make_launcher

    counter, reasons = torch.zeros(1, device="cuda"), []
    for step in (lambda: counter.add_(1), lambda: counter.add_(1).item(), lambda: counter.add_(1)):
        counter.zero_()
        launch = make_launcher(step, "cuda", [counter])
        assert counter.item() == 0, "neither a warm-up nor a capture counts"
        launch()
        launch()
        assert counter.item() == 2
        reasons.append(launch.eager_reason)
    return reasons


def test_a_step_that_cannot_be_captured_is_called_and_says_why(cuda: Workers) -> None:
    first, reading, again = cuda.submit(captures).result()
    assert (first, again) == (None, None)
    assert reading is not None and "captur" in reading


def test_a_card_trains_hundreds_of_small_networks_far_faster_than_one_after_the_other(cuda: Workers) -> None:
    """The figures themselves are for `bench/test_device_engine.py`; this is what a mistake would lose."""
    speed = cuda.submit(device_speed, {"wine": (200,), "digits": (50,)}, 2, 1).result()
    assert speed.eager_reasons == {}
    assert speed.times_faster("wine", 200) > 100
    assert speed.times_faster("digits", 50) > 5
