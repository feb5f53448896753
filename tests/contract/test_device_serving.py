"""Servers as on a GPU, held on the CPU to the networks in turn: there the launcher calls what it would replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from contract_jobs import INPUTS
from jointbench.backends.base import CopyingServer, Server
from jointbench.backends.protocols import Backend
from jointbench.networks.architecture import Architecture
from jointbench.records import COPIES, CUDA_GRAPH, SEQUENTIAL, TORCH_COMPILE, CopiedBytes, ExecutionMode
from jointbench.types import Float32Array, Weights
from served_arms import ARMS, Networks, networks

torch = pytest.importorskip("torch")

from torch.multiprocessing.reductions import StorageWeakRef  # noqa: E402 - after the skip
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from jointbench.backends.pytorch import device_serving  # noqa: E402
from jointbench.backends.pytorch.copies import StagedCopies  # noqa: E402
from jointbench.backends.pytorch.device_serving import MOST_GRAPHS, CopyServer, GraphServer  # noqa: E402
from jointbench.backends.pytorch.launcher import Launcher  # noqa: E402
from jointbench.backends.pytorch.networks import build  # noqa: E402
from jointbench.backends.pytorch.servers import Servers  # noqa: E402
from jointbench.backends.pytorch.serving import EagerServer, FusedServer  # noqa: E402

MAKERS: dict[str, Callable[[], Networks]] = {
    **{name: partial(networks, *arm) for name, arm in ARMS.items()},
    "normalised": partial(networks, "table", (5,), ((0, 2), (1,)), "layer"),
    "residual": partial(networks, "table", (5,), ((0, 1, 2),), "layer", True),
}


@pytest.fixture(scope="module")
def torch_backend(backend_named: Callable[[str], Backend]) -> Backend:
    return backend_named("torch")


def rows_of(arm: Networks, count: int, seed: int = 0) -> Float32Array:
    return np.random.default_rng(seed).normal(size=(count, *arm[0][0].input_shape)).astype(np.float32)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_graph_answers_as_the_networks_in_turn_at_any_number_of_rows_in_any_order(
    torch_backend: Backend, make: Callable[[], Networks]
) -> None:
    """The same request twice, other rows after them, other numbers of rows in between."""
    arm = make()
    in_turn, graph = torch_backend.server(arm), torch_backend.server(arm, CUDA_GRAPH)
    for count, seed in ((1, 0), (7, 1), (7, 1), (7, 2), (1, 3), (64, 4), (7, 1)):
        rows = rows_of(arm, count, seed)
        for expected, answer in zip(in_turn(rows), graph(rows), strict=True):
            np.testing.assert_array_equal(answer, expected)


MODES: dict[ExecutionMode, Callable[[Any, str, StagedCopies], Server]] = {
    SEQUENTIAL: EagerServer,
    "fused": FusedServer,
    CUDA_GRAPH: GraphServer,
    COPIES: CopyServer,
}


@pytest.mark.parametrize("mode", [SEQUENTIAL, "fused", CUDA_GRAPH])
def test_answers_are_the_callers_and_no_later_request_writes_into_them(mode: ExecutionMode) -> None:
    """All servers copy through the same memory."""
    arm, copies = networks("table", (), ((0,), (1,), (2,))), StagedCopies("cpu")
    server, other = (MODES[mode](arm, "cpu", copies) for _ in range(2))
    answers = server(rows_of(arm, 5))
    before = [answer.copy() for answer in answers]
    for seed, count in ((1, 5), (2, 90), (3, 5)):
        other(rows_of(arm, count, seed))
        later = server(rows_of(arm, count, seed))
    for answer, copy, new in zip(answers, before, later, strict=True):
        np.testing.assert_array_equal(answer, copy)
        assert np.any(new != answer)
        new[:] = 7.0  # nor does what the caller does with them reach the server
    for answer, expected in zip(server(rows_of(arm, 5)), before, strict=True):
        np.testing.assert_array_equal(answer, expected)


def test_a_server_keeps_few_graphs_and_captures_again_what_it_dropped(torch_backend: Backend) -> None:
    arm = networks("table", (), ((0, 1, 2),))
    graph, in_turn = GraphServer(arm, "cpu", StagedCopies("cpu")), torch_backend.server(arm)
    for count in (*range(1, MOST_GRAPHS + 3), 1):
        rows = rows_of(arm, count, count)
        np.testing.assert_array_equal(graph(rows)[0], in_turn(rows)[0])
        assert len(graph.graphs) <= MOST_GRAPHS
    assert set(graph.graphs) == {1, *range(4, MOST_GRAPHS + 3)}


@pytest.mark.parametrize(("trunk", "groups"), [("table", ((0,), (1,), (2,))), ("image", ((0, 1, 2), (2,)))])
def test_the_copies_alone_are_those_of_the_networks_in_turn(trunk: str, groups: tuple[tuple[int, ...], ...]) -> None:
    """As many bytes each way, in as many arrays, and zeros for answers: counted here by the shapes."""
    arm, copies = networks(trunk, (), groups), StagedCopies("cpu")
    alone, in_turn = CopyServer(arm, "cpu", copies), EagerServer(arm, "cpu", copies)
    units = [sum({0: 1, 1: 1, 2: 3}[output] for output in group) for group in groups]
    for count in (1, 9, 4):
        rows = rows_of(arm, count)
        answers = alone(rows)
        assert [answer.shape for answer in answers] == [(count, width) for width in units]
        assert not any(answer.any() for answer in answers)
        expected = CopiedBytes(4 * count * int(np.prod(INPUTS[trunk])), 4 * count * sum(units))
        assert alone.copied == expected
        in_turn(rows)
        assert in_turn.copied == expected


def test_the_answers_of_a_fused_program_are_copied_with_their_padding() -> None:
    arm, copies = networks("table", (), ((0,), (2,))), StagedCopies("cpu")
    fused = FusedServer(arm, "cpu", copies)
    fused(rows_of(arm, 6))
    assert fused.copied == CopiedBytes(4 * 6 * 7, 4 * 6 * 2 * 3)


def test_on_the_cpu_nothing_is_copied(torch_backend: Backend) -> None:
    arm = networks("table", (), ((0, 1),))
    for mode in (SEQUENTIAL, "fused", "compiled"):
        server = torch_backend.server(arm, mode)
        server(rows_of(arm, 3))
        assert isinstance(server, CopyingServer)
        assert server.copied is None
    rows = rows_of(arm, 3)
    assert Servers("cpu").copies.to_device(rows).data_ptr() == rows.ctypes.data


def test_what_a_device_has_and_why_not(torch_backend: Backend) -> None:
    assert "needs a CUDA device" in str(torch_backend.unavailable_reason(CUDA_GRAPH))
    assert "nothing is copied" in str(torch_backend.unavailable_reason(COPIES))
    on_cuda = Servers("cuda")
    assert [on_cuda.unavailable_reason(mode) for mode in (SEQUENTIAL, "fused", "compiled", CUDA_GRAPH, COPIES)] == [
        None
    ] * 5
    assert "timed on the CPU" in str(on_cuda.unavailable_reason("onnx"))
    assert str(on_cuda.unavailable_reason("predict")).endswith("`predict`")


def test_the_compiler_is_not_tried_without_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    from jointbench.backends.pytorch import servers

    monkeypatch.setattr(servers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(servers.shutil, "which", lambda name: None)
    assert "Triton" in str(Servers("cuda").unavailable_reason(TORCH_COMPILE))
    assert "C++ compiler" in str(Servers("cpu").unavailable_reason(TORCH_COMPILE))


def test_without_a_graph_there_is_no_server_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called instead would be timed under its name."""
    monkeypatch.setattr(
        device_serving, "make_launcher", lambda step, device, state: Launcher(step, "a kernel that no graph can hold")
    )
    arm = networks("table", (), ((0,),))
    with pytest.raises(RuntimeError, match="no graph can be captured: a kernel that no graph can hold"):
        GraphServer(arm, "cpu", StagedCopies("cpu"))(rows_of(arm, 2))


class Recorder(TorchDispatchMode):
    """The operations of a step, and the memory of every tensor that one of them made."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[str] = []
        self.made: list[tuple[str, StorageWeakRef]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = function(*args, **(kwargs or {}))
        self.operations.append(function.overloadpacket.__name__)
        for tensor in answer if isinstance(answer, list | tuple) else [answer]:
            self.made.append((self.operations[-1], StorageWeakRef(tensor.untyped_storage())))
        return answer


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_captured_step_leaves_nothing_behind_and_moves_nothing(
    make: Callable[[], Networks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launcher that records in place of capturing: all that outlives a step is what it writes its answers into."""
    recorded: list[Recorder] = []

    def recording(step: Callable[[], None], device: str, state: Sequence[Any]) -> Launcher:
        assert not state, "no step reads what another one left"

        def launch() -> None:
            with Recorder() as recorder:
                step()
            recorded.append(recorder)

        return Launcher(launch)

    monkeypatch.setattr(device_serving, "make_launcher", recording)
    arm = make()
    server = GraphServer(arm, "cpu", StagedCopies("cpu"))
    places = set()
    for seed in range(3):
        server(rows_of(arm, 4, seed))
        (graph,) = server.graphs.values()
        places.add((graph.rows.data_ptr(), *(answer.data_ptr() for answer in graph.answers)))
    assert len(places) == 1
    assert len(recorded) == 3
    kept = {StorageWeakRef(tensor.untyped_storage()) for tensor in (graph.rows, *graph.answers)}
    kept |= {StorageWeakRef(part.untyped_storage()) for module in server.modules for part in module.parameters()}
    for recorder in recorded:
        assert len(recorder.operations) >= len(arm)
        assert [name for name, storage in recorder.made if not storage.expired() and storage not in kept] == []


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_captured_step_reads_no_value(make: Callable[[], Networks]) -> None:
    """On PyTorch's `meta` device there are shapes and no numbers: whatever asks for one fails, and so does a copy."""
    arm = make()
    modules = [build(*blank(network), "cpu", torch.float32).eval().to("meta") for network in arm]
    rows = torch.zeros((5, *arm[0][0].input_shape), device="meta")
    answers = [torch.zeros((5, units), device="meta") for units in device_serving.answer_units(arm)]
    with torch.inference_mode():
        device_serving.answer(modules, rows, answers)
    with pytest.raises((RuntimeError, NotImplementedError)):
        answers[0].sum().item()


def blank(network: tuple[Architecture, Weights]) -> tuple[Architecture, Weights]:
    architecture, weights = network
    return architecture, {name: np.zeros_like(value) for name, value in weights.items()}


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_compiler_answers_as_the_networks_in_turn(torch_backend: Backend, make: Callable[[], Networks]) -> None:
    if (reason := torch_backend.unavailable_reason(TORCH_COMPILE)) is not None:
        pytest.skip(reason)
    arm = make()
    in_turn, compiled = torch_backend.server(arm), torch_backend.server(arm, TORCH_COMPILE)
    for count in (1, 7, 64, 1):
        rows = rows_of(arm, count, count)
        for expected, answer in zip(in_turn(rows), compiled(rows), strict=True):
            np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.slow
def test_every_network_is_compiled_however_many_there_are(torch_backend: Backend) -> None:
    """PyTorch takes the ninth program of one function uncompiled, without a word to its caller."""
    from torch._dynamo.utils import counters

    if (reason := torch_backend.unavailable_reason(TORCH_COMPILE)) is not None:
        pytest.skip(reason)
    arm = networks("table", (), ((0,),))
    before = counters["stats"]["unique_graphs"]
    for _ in range(6):
        torch_backend.server(arm, TORCH_COMPILE)
    assert counters["stats"]["unique_graphs"] - before == 6 * 2  # one row, and any other number of them
