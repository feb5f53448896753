"""Requests on a CUDA device: every way to answer gives the CPU's answers, takes time, and copies what it says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from jointbench.backends.base import CopyingServer
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.benchmarks.requests import LatencyCase, TimedCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.initialization import initial_weights
from jointbench.records import COPIES, CUDA_GRAPH, SEQUENTIAL, TORCH_COMPILE, CopiedBytes, ExecutionMode, Variant
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.workers import Workers, unusable_reason
from jointbench.types import Float32Array, Output, Shape, Weights

NO_GPU = gpu_unavailable_reason()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(NO_GPU is not None, reason=f"CUDA: {NO_GPU}")]
OUTPUTS = (Output("r", "regression"), Output("b", "binary", ("no", "yes")), Output("m", "multiclass", ("x", "y", "z")))
SHAPES = {
    "table": (Shape((32, 16), (8,)), (20,)),
    "residual": (Shape((16, 32), (8,), norm="layer", residual=True), (20,)),
    "images": (Shape((16,), channels=(4, 8)), (12, 12, 3)),
}
Networks = tuple[tuple[Architecture, Weights], ...]
Answers = list[list[np.ndarray]]


def networks(shape: str, groups: tuple[tuple[int, ...], ...]) -> Networks:
    """Untrained networks over these groups of outputs, with biases that are not all zero."""
    rng = np.random.default_rng(0)
    made = []
    for group in groups:
        base, size = SHAPES[shape]
        network = architecture(base, size, [OUTPUTS[i] for i in group])
        weights = initial_weights(network, [OUTPUTS[i].name for i in group], 1)
        moved = {name: v + 0.1 * rng.normal(size=v.shape).astype(np.float32) for name, v in weights.items()}
        made.append((network, moved))
    return tuple(made)


ARMS = {"joint": ((0, 1, 2),), "separate": ((0,), (1,), (2,))}


def rows_of(arm: Networks, count: int) -> Float32Array:
    return np.random.default_rng(count).normal(size=(count, *arm[0][0].input_shape)).astype(np.float32)


@pytest.fixture(scope="module", params=[name for name in BACKENDS if unavailable_reason(name) is None])
def workers(request: pytest.FixtureRequest) -> Iterator[tuple[Workers, Workers]]:
    """The backend on the CPU and on the device."""
    with Workers(request.param, "cpu", 1, 1) as cpu, Workers(request.param, "cuda", 1, 1) as cuda:
        if (reason := cuda.submit(unusable_reason).result()) is not None:
            pytest.skip(reason)
        yield cpu, cuda


def answers_of(backend: Backend, arm: Networks, mode: ExecutionMode, sizes: tuple[int, ...]) -> Answers | str:
    """The answers to requests of these sizes, one after the other, or why there is no such server."""
    if (reason := backend.unavailable_reason(mode)) is not None:
        return reason
    server = backend.server(arm, mode)
    return [server(rows_of(arm, size)) for size in sizes]


@pytest.mark.parametrize("mode", [SEQUENTIAL, CUDA_GRAPH, "fused", "compiled", TORCH_COMPILE])
@pytest.mark.parametrize("groups", ARMS.values(), ids=ARMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_answers_as_the_cpu_at_changing_sizes(
    workers: tuple[Workers, Workers], shape: str, groups: tuple[tuple[int, ...], ...], mode: ExecutionMode
) -> None:
    """All answers are looked at when all requests are over: none was written over by a later one."""
    if mode == TORCH_COMPILE and shape != "table":
        pytest.skip("one shape is compiled: each takes seconds")
    arm, sizes = networks(shape, groups), (1, 7, 64, 7, 1, 4096)
    expected = workers[0].submit(answers_of, arm, SEQUENTIAL, sizes).result()
    given = workers[1].submit(answers_of, arm, mode, sizes).result()
    if isinstance(given, str):
        pytest.skip(given)
    for of_cpu, of_device in zip(expected, given, strict=True):
        for right, answer in zip(of_cpu, of_device, strict=True):
            np.testing.assert_allclose(answer, right, rtol=1e-4, atol=1e-5)


def test_what_is_copied_is_what_goes_in_and_comes_out(workers: tuple[Workers, Workers]) -> None:
    arm = networks("table", ARMS["separate"])

    def copied(backend: Backend, mode: ExecutionMode) -> CopiedBytes | str | None:
        if (reason := backend.unavailable_reason(mode)) is not None:
            return reason
        server = backend.server(arm, mode)
        server(rows_of(arm, 9))
        return server.copied if isinstance(server, CopyingServer) else None

    for mode in (SEQUENTIAL, CUDA_GRAPH, COPIES):
        count = workers[1].submit(copied, mode).result()
        if not isinstance(count, CopiedBytes):
            pytest.skip(count or "it does not count its copies")
        assert count == CopiedBytes(4 * 9 * 20, 4 * 9 * 5)


def test_they_are_timed_beside_their_copies(workers: tuple[Workers, Workers]) -> None:
    """From one row to 65,536, the copies alone take less time than the requests that they are part of."""
    arms = {name: networks("table", groups) for name, groups in ARMS.items()}
    rows = rows_of(arms["joint"], 500)

    def timed(backend: Backend, sizes: tuple[int, ...]) -> list[TimedCase] | str:
        if (reason := backend.unavailable_reason(CUDA_GRAPH)) is not None:
            return reason
        timed_arms = {name: TimedArm((), (), arm, tuple(backend.server(arm)(rows))) for name, arm in arms.items()}
        cases = [LatencyCase(size, (SEQUENTIAL, CUDA_GRAPH, COPIES)) for size in sizes]
        return time_requests(backend, timed_arms, rows, cases, Budget(20.0, 4.0))

    cases = workers[1].submit(timed, (1, 4096, 65_536)).result()
    if isinstance(cases, str):
        pytest.skip(cases)
    for case in cases:
        assert not case.untimed
        samples = case.sample_sets[-1].samples
        assert np.all(samples.seconds > 0)
        for arm in arms:
            in_turn, graph, copies = (
                np.median(samples.seconds[[visitor == Variant(arm, mode) for visitor in samples.order]])
                for mode in (SEQUENTIAL, CUDA_GRAPH, COPIES)
            )
            assert copies < 1.2 * graph
            assert copies < in_turn
            assert case.copied[Variant(arm, COPIES)] == case.copied[Variant(arm, CUDA_GRAPH)]


def test_a_step_that_waits_for_the_device_has_no_graph() -> None:
    """A kernel that no graph can hold is a reason, not a call under the graph's name. In a worker of its own: what a
    capture that broke off leaves behind concerns nobody else."""
    if (reason := unavailable_reason("torch")) is not None:
        pytest.skip(reason)
    arm = networks("table", ARMS["joint"])

    def tried(backend: Backend) -> str:
        from jointbench.backends.pytorch import device_serving

        right = device_serving.answer

        def waiting(modules: list[object], rows: object, answers: list[object]) -> None:
            right(modules, rows, answers)  # type: ignore[arg-type]  # tensors, which this module does not import
            answers[0].sum().item()  # type: ignore[attr-defined]  # a tensor

        device_serving.answer = waiting  # type: ignore[assignment]  # of its kind
        try:
            backend.server(arm, CUDA_GRAPH)(rows_of(arm, 3))
        except RuntimeError as error:
            return str(error)
        return "captured"

    with Workers("torch", "cuda", 1, 1) as worker:
        if (reason := worker.submit(unusable_reason).result()) is not None:
            pytest.skip(reason)
        assert worker.submit(tried).result().startswith("no graph can be captured: ")
