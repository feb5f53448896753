"""All slots' convolutions in one product are each slot's own, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.backends.protocols import Backend
from jointbench.networks.architecture import architecture
from jointbench.types import Output, Shape

torch = pytest.importorskip("torch")

from jointbench.backends.pytorch.batched.convolutions import SlotConvolutions, StackConvolutions  # noqa: E402
from jointbench.backends.pytorch.batched.parameters import Layout  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread(backend_named: Callable[[str], Backend]) -> None:
    backend_named("torch")


@settings(max_examples=30, deadline=None)
@given(
    slots=st.integers(1, 3),
    rows=st.integers(1, 3),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9), st.integers(1, 3)),
    channels=st.lists(st.integers(2, 4), min_size=1, max_size=2),
    activation=st.sampled_from(["relu", "tanh"]),
    flat_images=st.booleans(),
    seed=st.integers(0, 99),
)
def test_answers_and_gradients_are_those_of_each_slot_alone(
    slots: int,
    rows: int,
    size: tuple[int, int, int],
    channels: list[int],
    activation: Literal["relu", "tanh"],
    flat_images: bool,
    seed: int,
) -> None:
    """Odd sizes lose a line in pooling. Images of one colour have equal values in every window: the first one counts."""
    network = architecture(
        Shape((4,), channels=tuple(channels), activation=activation), size, (Output("r", "regression"),)
    )
    layout, numbers = Layout(network), np.random.default_rng(seed)
    flat = torch.tensor(numbers.normal(size=(slots, layout.size)))
    images = torch.tensor(numbers.normal(size=(slots, rows, *size)))
    if flat_images:
        images[...] = images[:, :, :1, :1]
    alone = SlotConvolutions(network, layout, flat, rows)
    together = StackConvolutions(network, layout, flat, rows)
    margin = together.margin
    padded = torch.nn.functional.pad(images, (0, 0, *(margin,) * 4))
    expected = alone.forward(images, train=True)
    np.testing.assert_allclose(together.forward(padded, train=True), expected, rtol=1e-10, atol=1e-10)
    gradient = torch.tensor(numbers.normal(size=expected.shape))
    (of_slots,) = alone.backward(gradient)
    np.testing.assert_allclose(torch.cat(together.backward(gradient), dim=1), of_slots, rtol=1e-10, atol=1e-10)
