"""The closed form equals what each framework counts, operation by operation, with zero difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jointbench.backends.protocols import Backend
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.arms import NAMED, SIZINGS, architectures, parse_arm, sized
from jointbench.networks.flops import flops_per_row, inference_flops_per_row, train_flops_per_row
from jointbench.types import Kind, Output, Shape

CLASSES: dict[str, tuple[str, ...]] = {"regression": (), "binary": ("a", "b"), "multiclass": ("a", "b", "c")}
KINDS: tuple[Kind, ...] = ("regression", "binary", "multiclass")
widths = st.integers(1, 24)


@dataclass(frozen=True)
class Drawn:
    """A dataset's outputs and input, a base shape, and an arm as a user writes it."""

    outputs: tuple[Output, ...]
    shape: Shape
    input_shape: tuple[int, ...]
    arm: str
    batch: int

    @property
    def networks(self) -> tuple[Architecture, ...]:
        arm = parse_arm(self.arm, self.outputs)
        return architectures(
            arm.groups, sized(arm, self.shape, self.input_shape, self.outputs), self.input_shape, self.outputs
        )


@st.composite
def arms(draw: st.DrawFn, names: list[str]) -> str:
    """joint, separate, their matched sizes, or any partition of the outputs under either sizing rule."""
    if draw(st.booleans()):
        return draw(st.sampled_from(list(NAMED)))
    place = [draw(st.integers(0, i)) for i in range(len(names))]
    groups = [[name for name, at in zip(names, place, strict=True) if at == k] for k in range(len(names))]
    return "|".join(",".join(group) for group in groups if group) + f"@{draw(st.sampled_from(list(SIZINGS)))}"


@st.composite
def drawn(draw: st.DrawFn, images: bool) -> Drawn:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    outputs = tuple(Output(f"o{i}", kind, CLASSES[kind]) for i, kind in enumerate(kinds))
    trunk, head = (tuple(draw(st.lists(widths, max_size=most))) for most in (2 if images else 3, 2))
    if images:
        size = (draw(st.integers(4, 13)), draw(st.integers(4, 13)), draw(st.integers(1, 3)))
        shape = Shape(trunk, head, tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=2))))
    else:
        size, shape = (draw(widths),), Shape(trunk, head)  # type: ignore[assignment]  # one number or three
        if not (trunk or head):
            shape = Shape((draw(widths),))  # without a hidden layer there is nothing to scale to a parameter count
    return Drawn(outputs, shape, size, draw(arms([output.name for output in outputs])), draw(st.integers(1, 33)))


def assert_counted(backend: Backend, arm: Drawn) -> None:
    """Zero difference for the whole arm, training and inference, and the parts are the whole."""
    train = inference = 0
    counted = {network: backend.counted_flops(network, arm.batch) for network in dict.fromkeys(arm.networks)}
    for network in arm.networks:
        train += counted[network]["train"]
        inference += counted[network]["inference"]
    parts = flops_per_row(arm.networks)
    assert train == arm.batch * train_flops_per_row(arm.networks) == arm.batch * sum(astuple(parts))
    assert inference == arm.batch * inference_flops_per_row(arm.networks)
    assert inference == arm.batch * (parts.trunk_forward + parts.heads_forward)


def examples(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The frameworks' graphs are slow to build, which is no fault of the property."""
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# Two hundred arms in all: both backends, tables and images.
@examples(60)
@given(drawn(images=False))
def test_dense_arms(backend: Backend, arm: Drawn) -> None:
    assert_counted(backend, arm)


@examples(40)
@given(drawn(images=True))
def test_convolutional_arms(backend: Backend, arm: Drawn) -> None:
    assert_counted(backend, arm)


@pytest.mark.slow
@examples(120)
@given(drawn(images=False))
def test_more_dense_arms(backend: Backend, arm: Drawn) -> None:
    assert_counted(backend, arm)


@pytest.mark.slow
@examples(80)
@given(drawn(images=True))
def test_more_convolutional_arms(backend: Backend, arm: Drawn) -> None:
    assert_counted(backend, arm)


def test_the_first_layer_has_no_input_gradient(backend: Backend) -> None:
    """Training is not three times inference: one dense layer alone costs twice its forward pass."""
    network = architecture(Shape(()), (10,), [Output("o", "regression")])
    assert backend.counted_flops(network, 4) == {"train": 160, "inference": 80}


@pytest.mark.parametrize("name", ["Einsum", "PartitionedCall"])
def test_an_uncounted_matrix_product_is_an_error(name: str) -> None:
    """A new GEMM-class operation in TensorFlow's graph must not pass as free, nor one in a graph of its own."""
    tensorflow = pytest.importorskip("tensorflow")
    from jointbench.backends.tensorflow.graph_flops import Uncounted, reachable_flops

    inner = tensorflow.function(lambda a: tensorflow.matmul(a, a, transpose_b=True))

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((2, 3, 4))])
    def product(a: object) -> object:
        if name == "Einsum":
            return tensorflow.raw_ops.Einsum(inputs=[a, a], equation="abc,abd->acd")
        return inner(a)

    with pytest.raises(Uncounted, match=f"{name} is not counted"):
        reachable_flops(product.get_concrete_function().graph)


def test_a_batch_of_matrix_products_is_counted() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    from jointbench.backends.tensorflow.graph_flops import reachable_flops

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((2, 3, 4))])
    def product(a: object) -> object:
        return tensorflow.raw_ops.BatchMatMulV2(x=a, y=a, adj_y=True)

    assert reachable_flops(product.get_concrete_function().graph) == 2 * 2 * 3 * 4 * 3
