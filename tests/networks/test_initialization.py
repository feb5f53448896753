"""Starting weights and batch orders: the numbers that make two frameworks and two arms comparable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.initialization import epoch_order, initial_weights
from jointbench.types import Output, Shape

A, B, C = (Output(name, "regression") for name in "abc")
DIGIT = Output("digit", "multiclass", tuple("0123456789"))


def table(shape: Shape, *outputs: Output) -> Architecture:
    return architecture(shape, (11,), outputs)


@pytest.mark.parametrize(
    ("name", "fan_in", "fan_out"),
    [("conv_0", 9 * 3, 9 * 32), ("conv_1", 9 * 32, 9 * 64), ("trunk_0", 4 * 4 * 64, 128), ("head_0_0", 128, 10)],
)
def test_kernels_are_glorot_uniform(name: str, fan_in: int, fan_out: int) -> None:
    """Uniform within sqrt(6 / (fan in + fan out)), a convolution's fans counting its 3 x 3 window, as Keras starts."""
    network = architecture(Shape((128,), channels=(32, 64)), (16, 16, 3), [DIGIT])
    kernel = initial_weights(network, ["digit"], 0)[f"{name}/kernel"]
    limit = math.sqrt(6 / (fan_in + fan_out))
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.98 * limit
    assert kernel.var() == pytest.approx(2 / (fan_in + fan_out), rel=5 * math.sqrt(0.8 / kernel.size))
    assert stats.kstest(kernel.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-4


def test_biases_start_at_zero_and_every_layer_has_its_arrays() -> None:
    network = table(Shape((8, 4), head=(3,)), A, DIGIT)
    weights = initial_weights(network, ["a", "digit"], 1)
    assert {name for name in weights if name.endswith("/bias")} == {f"{layer.name}/bias" for layer in network.layers}
    assert not any(array.any() for name, array in weights.items() if name.endswith("/bias"))
    assert sum(array.size for array in weights.values()) == network.parameters
    assert all(weights[f"{layer.name}/kernel"].shape == layer.kernel_shape for layer in network.layers)


@given(st.integers(0, 2**32 - 1))
def test_an_output_starts_from_the_same_head_in_whichever_network(seed: int) -> None:
    """Otherwise joint and separate differ by luck of the draw as well as by sharing."""
    shape = Shape((8, 8), head=(4,))
    joint = initial_weights(table(shape, A, B, C), ["a", "b", "c"], seed)
    for place, (name, output) in enumerate(zip("abc", (A, B, C), strict=True)):
        alone = initial_weights(table(shape, output), [name], seed)
        for layer in range(2):
            assert np.array_equal(joint[f"head_{place}_{layer}/kernel"], alone[f"head_0_{layer}/kernel"])
        assert np.array_equal(joint["trunk_1/kernel"], alone["trunk_1/kernel"])


def test_no_two_layers_or_heads_share_a_draw() -> None:
    """Equal layers would start as copies of each other."""
    network = architecture(Shape((4, 4), head=(4, 4)), (4,), [A, B, C])
    weights = initial_weights(network, ["a", "b", "c"], 0)
    square = [array for array in weights.values() if array.shape == (4, 4)]
    assert len(square) == 2 + 3 * 2
    assert len({array.tobytes() for array in square}) == len(square)


def test_seeds_decide_the_start() -> None:
    network = table(Shape((8,)), A)
    first, again, other = (initial_weights(network, ["a"], seed)["trunk_0/kernel"] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.any(first == other)


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.integers(0, 300))
def test_an_epoch_visits_every_row_once(seed: int, epoch: int, rows: int) -> None:
    order = epoch_order(seed, epoch, rows)
    assert np.array_equal(np.sort(order), np.arange(rows))
    assert np.array_equal(order, epoch_order(seed, epoch, rows))


def test_each_epoch_and_seed_has_its_own_order() -> None:
    """One order for all epochs would give every epoch the same batches."""
    orders = {epoch_order(seed, epoch, 50).tobytes() for seed in range(10) for epoch in range(20)}
    assert len(orders) == 200


def test_no_row_prefers_a_place() -> None:
    """Mean position of each row over many epochs is the middle, within five standard errors."""
    places = np.array([np.argsort(epoch_order(0, epoch, 20)) for epoch in range(400)])
    error = math.sqrt((20**2 - 1) / 12 / 400)
    assert np.abs(places.mean(axis=0) - 9.5).max() < 5 * error
