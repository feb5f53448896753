"""The closed form equals what each framework counts, operation by operation, with zero difference."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jointbench.architecture import architecture
from jointbench.backends.base import Backend
from jointbench.measure.flops import inference_flops_per_row, train_flops_per_row
from jointbench.types import Output, Shape

widths = st.integers(1, 24)
outputs = st.lists(st.sampled_from(["regression", "binary", "multiclass"]), min_size=1, max_size=4)


def _outputs(kinds: list[str]) -> list[Output]:
    classes = {"regression": (), "binary": ("a", "b"), "multiclass": ("a", "b", "c")}
    return [Output(f"o{i}", kind, classes[kind]) for i, kind in enumerate(kinds)]  # type: ignore[arg-type]  # sampled


def _holds(backend: Backend, shape: Shape, input_shape: tuple[int, ...], kinds: list[str], batch: int) -> None:
    network = architecture(shape, input_shape, _outputs(kinds))
    counted = backend.counted_flops(network, batch)
    assert counted["train"] == batch * train_flops_per_row([network])
    assert counted["inference"] == batch * inference_flops_per_row([network])


# The frameworks' graphs are slow to build, which is no fault of the property.
modest = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@modest
@given(
    trunk=st.lists(widths, max_size=3), head=st.lists(widths, max_size=2), features=widths, kinds=outputs,
    batch=st.integers(1, 33),
)
def test_dense_networks(
    backend: Backend, trunk: list[int], head: list[int], features: int, kinds: list[str], batch: int
) -> None:
    _holds(backend, Shape(tuple(trunk), tuple(head)), (features,), kinds, batch)


@modest
@given(
    channels=st.lists(st.integers(1, 6), min_size=1, max_size=2), trunk=st.lists(widths, max_size=2), kinds=outputs,
    size=st.tuples(st.integers(4, 13), st.integers(4, 13), st.integers(1, 3)), batch=st.integers(1, 9),
)
def test_convolutional_networks(
    backend: Backend, channels: list[int], trunk: list[int], kinds: list[str], size: tuple[int, int, int], batch: int
) -> None:
    _holds(backend, Shape(tuple(trunk), (), tuple(channels)), size, kinds, batch)


def test_the_first_layer_has_no_input_gradient(backend: Backend) -> None:
    """Training is not three times inference: one dense layer alone costs twice its forward pass."""
    network = architecture(Shape(()), (10,), _outputs(["regression"]))
    assert backend.counted_flops(network, 4) == {"train": 160, "inference": 80}


@pytest.mark.parametrize("name", ["Einsum", "BatchMatMulV2"])
def test_an_uncounted_matrix_product_is_an_error(name: str) -> None:
    """A new GEMM-class operation in TensorFlow's graph must not pass as free."""
    tensorflow = pytest.importorskip("tensorflow")
    from jointbench.backends.tensorflow.flop_counter import _reachable_flops

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((2, 3, 4))])
    def product(a: object) -> object:
        if name == "Einsum":
            return tensorflow.raw_ops.Einsum(inputs=[a, a], equation="abc,abd->acd")
        return tensorflow.raw_ops.BatchMatMulV2(x=a, y=a, adj_y=True)

    with pytest.raises(RuntimeError, match="not counted"):
        _reachable_flops(product.get_concrete_function().graph)
