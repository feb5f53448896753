"""FLOPs in closed form: held to hand counts here, to both frameworks' counters in the contract tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.flops import flops_per_row, inference_flops_per_row, train_flops_per_row, update_flops
from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.records import FlopsPerRow
from jointbench.types import Output, Recipe, Shape

NUMBER = Output("number", "regression")
DIGIT = Output("digit", "multiclass", tuple("0123456789"))
COLOUR = Output("colour", "multiclass", tuple("abcdef"))

widths = st.lists(st.integers(1, 40), max_size=3).map(tuple)
channel_lists = st.lists(st.integers(1, 6), min_size=1, max_size=2).map(tuple)


def both(network: Architecture) -> tuple[int, int]:
    return inference_flops_per_row([network]), train_flops_per_row([network])


def test_a_table_network_by_hand() -> None:
    """Wine quality, joint: 11-64-64 and two heads. Twice the multiply-adds forward; backward the kernels' gradients
    again as many, and the inputs' gradients of all but the first layer."""
    network = architecture(Shape((64, 64)), (11,), [NUMBER, NUMBER])
    first, rest = 11 * 64, 64 * 64 + 2 * 64
    assert both(network) == (2 * (first + rest), 2 * (2 * first + 3 * rest)) == (9856, 28160)


def test_an_image_network_by_hand() -> None:
    """28 x 28 x 3 through 8 and 16 channels (each place reads 3 x 3 x depth), 7 x 7 x 16 into 64, then 10 and 6."""
    network = architecture(Shape((64,), channels=(8, 16)), (28, 28, 3), [DIGIT, COLOUR])
    first = 28 * 28 * 9 * 3 * 8
    rest = 14 * 14 * 9 * 8 * 16 + 7 * 7 * 16 * 64 + 64 * 16
    assert first == 169_344
    assert both(network) == (2 * (first + rest), 2 * (2 * first + 3 * rest))


def test_the_parts_by_hand() -> None:
    """Trunk 11-64-64, two heads of one unit; the first layer needs no input gradient. Apart, the trunk counts twice."""
    trunk, first = 11 * 64 + 64 * 64, 11 * 64
    joint = architecture(Shape((64, 64)), (11,), [NUMBER, NUMBER])
    alone = architecture(Shape((64, 64)), (11,), [NUMBER])
    assert flops_per_row([joint]) == FlopsPerRow(2 * trunk, 4 * trunk - 2 * first, 4 * 64, 8 * 64)
    assert flops_per_row([alone] * 2) == FlopsPerRow(4 * trunk, 8 * trunk - 4 * first, 4 * 64, 8 * 64)


def test_convolutions_are_trunk_and_hidden_layers_of_a_head_are_head() -> None:
    network = architecture(Shape((), head=(5,), channels=(4,)), (6, 6, 3), [NUMBER])
    convolution, head = 36 * 9 * 3 * 4, 3 * 3 * 4 * 5 + 5
    assert flops_per_row([network]) == FlopsPerRow(2 * convolution, 2 * convolution, 2 * head, 4 * head)


class Counted:
    """A number that counts the operations done with it."""

    done = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def _with(self, value: float) -> Counted:
        Counted.done += 1
        return Counted(value)

    def __add__(self, other: Counted | float) -> Counted:
        return self._with(self.value + _value(other))

    def __sub__(self, other: Counted) -> Counted:
        return self._with(self.value - other.value)

    def __mul__(self, other: Counted | float) -> Counted:
        return self._with(self.value * _value(other))

    def __truediv__(self, other: Counted) -> Counted:
        return self._with(self.value / other.value)

    def __pow__(self, power: float) -> Counted:
        return self._with(self.value**power)


def _value(number: Counted | float) -> float:
    return number.value if isinstance(number, Counted) else number


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_optimisers_work_by_doing_it(optimizer: str, decay: float) -> None:
    """One parameter's update, written out; what all parameters share (corrected rate, 1 - beta) is not counted."""
    rate, (beta_1, beta_2) = 0.01, ADAM_BETAS
    weight, gradient, first, second = (Counted(value) for value in (1.0, 0.5, 0.1, 0.2))
    Counted.done = 0
    if decay and optimizer != "adam":
        weight = weight * (1 - rate * decay)
    if optimizer == "sgd":
        weight = weight - gradient * rate
    else:
        first = first * beta_1 + gradient * (1 - beta_1)
        second = second * beta_2 + gradient * gradient * (1 - beta_2)
        weight = weight - first * rate / (second**0.5 + ADAM_EPSILON)
    recipe = Recipe(optimizer=optimizer, weight_decay=decay)  # type: ignore[arg-type]  # parametrised
    assert update_flops(recipe) == Counted.done


def test_hidden_heads_by_hand() -> None:
    network = architecture(Shape((5,), head=(4,)), (7,), [NUMBER, COLOUR])
    first, rest = 7 * 5, 2 * 5 * 4 + 4 * 1 + 4 * 6
    assert both(network) == (2 * (first + rest), 2 * (2 * first + 3 * rest))


def test_a_linear_model_needs_no_input_gradient_at_all() -> None:
    """Without a trunk every head reads the data: training is twice the forward pass, not three times."""
    network = architecture(Shape(()), (9,), [NUMBER, COLOUR])
    assert both(network) == (2 * 9 * 7, 4 * 9 * 7)


@pytest.mark.parametrize("size", [(4, 6), (5, 3)])
def test_a_convolution_by_counting_its_multiplications(size: tuple[int, int]) -> None:
    """A naive SAME convolution that counts: padding included, as both frameworks count it."""
    height, width = size
    depth, units = 2, 3
    padded = np.pad(np.ones((height, width, depth)), ((1, 1), (1, 1), (0, 0)))
    count = 0
    for row in range(height):
        for column in range(width):
            count += units * padded[row : row + 3, column : column + 3].size
    head = (height // 2) * (width // 2) * units
    network = architecture(Shape((), channels=(units,)), (height, width, depth), [NUMBER])
    assert both(network) == (2 * (count + head), 2 * (2 * count + 3 * head))


@given(widths, st.integers(1, 30), st.integers(1, 6))
def test_separate_networks_cost_the_joint_one_and_a_trunk_for_each_further_output(
    trunk: tuple[int, ...], features: int, outputs: int
) -> None:
    """What sharing saves, exactly: with a trunk, the N - 1 trunks that are not there."""
    joint = architecture(Shape(trunk), (features,), [NUMBER] * outputs)
    alone = architecture(Shape(trunk), (features,), [NUMBER])
    layers = list(zip((features, *trunk), trunk, strict=False))
    forward = sum(2 * fed * units for fed, units in layers)
    training = sum((4 if i == 0 else 6) * fed * units for i, (fed, units) in enumerate(layers))
    assert inference_flops_per_row([alone] * outputs) == inference_flops_per_row([joint]) + (outputs - 1) * forward
    assert train_flops_per_row([alone] * outputs) == train_flops_per_row([joint]) + (outputs - 1) * training


@given(st.lists(st.tuples(channel_lists, widths), min_size=1, max_size=4))
def test_an_arm_costs_the_sum_of_its_networks(shapes: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> None:
    networks = [architecture(Shape(trunk, channels=c), (8, 8, 3), [DIGIT, NUMBER]) for c, trunk in shapes]
    one_by_one = [both(network) for network in networks]
    assert inference_flops_per_row(networks) == sum(forward for forward, _ in one_by_one)
    assert train_flops_per_row(networks) == sum(training for _, training in one_by_one)
    assert train_flops_per_row([]) == inference_flops_per_row([]) == 0


@given(channel_lists, widths)
def test_training_is_three_times_the_forward_pass_less_the_first_layers_input_gradient(
    channels: tuple[int, ...], trunk: tuple[int, ...]
) -> None:
    network = architecture(Shape(trunk, channels=channels), (8, 8, 3), [DIGIT])
    forward, training = both(network)
    assert 3 * forward - training == 2 * 8 * 8 * 9 * 3 * channels[0]


def test_wider_classes_cost_more_and_names_nothing() -> None:
    shape = Shape((8,))
    assert both(architecture(shape, (4,), [DIGIT])) > both(architecture(shape, (4,), [COLOUR]))
    renamed = Output("other", "multiclass", tuple("uvwxyz"))
    assert both(architecture(shape, (4,), [renamed])) == both(architecture(shape, (4,), [COLOUR]))
