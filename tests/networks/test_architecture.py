"""Layers and parameter counts: what every cost in a report, and the matched arm's size, is computed from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor

from jointbench.errors import BadInput
from jointbench.networks.architecture import architecture
from jointbench.types import Output, Shape

NUMBER = Output("number", "regression")
YES_NO = Output("yes_no", "binary", ("no", "yes"))
DIGIT = Output("digit", "multiclass", tuple("0123456789"))
COLOUR = Output("colour", "multiclass", tuple("abcdef"))

widths = st.lists(st.integers(1, 40), max_size=3).map(tuple)
some_outputs = st.lists(st.sampled_from([NUMBER, YES_NO, DIGIT, COLOUR]), min_size=1, max_size=5)


def test_parameters_of_a_table_network_by_hand() -> None:
    """Wine quality's joint network: 11 x 64 + 64, 64 x 64 + 64, and two heads of 64 + 1."""
    network = architecture(Shape((64, 64)), (11,), [NUMBER, YES_NO])
    assert network.parameters == 768 + 4160 + 2 * 65


def test_parameters_with_hidden_heads_by_hand() -> None:
    """Each head has its own hidden layer, and a multiclass head one unit per class."""
    network = architecture(Shape((5,), head=(4,)), (7,), [YES_NO, COLOUR])
    assert network.parameters == (7 * 5 + 5) + 2 * (5 * 4 + 4) + (4 * 1 + 1) + (4 * 6 + 6)
    assert network.units == (1, 6)


def test_parameters_of_an_image_network_by_hand() -> None:
    """3 x 3 kernels, two poolings of 28 x 28 to 7 x 7, flattened into the dense trunk."""
    network = architecture(Shape((64,), channels=(8, 16)), (28, 28, 3), [DIGIT, COLOUR])
    assert [conv.positions for conv in network.convs] == [28 * 28, 14 * 14]
    assert network.trunk[0].inputs == 7 * 7 * 16
    convolutions = (3 * 3 * 3 * 8 + 8) + (3 * 3 * 8 * 16 + 16)
    dense = (7 * 7 * 16 * 64 + 64) + (64 * 10 + 10) + (64 * 6 + 6)
    assert network.parameters == convolutions + dense


@given(st.integers(1, 30), st.lists(st.integers(1, 20), min_size=1, max_size=3), st.integers(1, 4))
def test_a_joint_network_of_numbers_is_scikit_learns_multi_output_perceptron(
    features: int, trunk: list[int], outputs: int
) -> None:
    """One linear head per output holds as many numbers as one linear layer with a unit per output."""
    other = MLPRegressor(hidden_layer_sizes=tuple(trunk)).partial_fit(
        np.zeros((2, features)), np.zeros((2, outputs)).squeeze()
    )
    expected = sum(array.size for array in (*other.coefs_, *other.intercepts_))
    assert architecture(Shape(tuple(trunk)), (features,), [NUMBER] * outputs).parameters == expected


@given(widths, widths, st.integers(1, 20), some_outputs)
def test_every_layer_reads_what_the_one_before_it_gives(
    trunk: tuple[int, ...], head: tuple[int, ...], features: int, outputs: list[Output]
) -> None:
    network = architecture(Shape(trunk, head), (features,), outputs)
    for own in network.heads:
        chain = (*network.trunk, *own)
        assert [layer.inputs for layer in chain] == [features, *(layer.units for layer in chain[:-1])]
        assert [layer.units for layer in chain] == [*trunk, *head, own[-1].units]
    assert network.units == tuple(output.units for output in outputs)
    assert len({layer.name for layer in network.layers}) == len(trunk) + len(outputs) * (len(head) + 1)


@given(widths, some_outputs)
def test_only_layers_that_read_the_data_are_marked_so(trunk: tuple[int, ...], outputs: list[Output]) -> None:
    """A wrong mark makes every training FLOP figure wrong: these layers need no input gradient."""
    network = architecture(Shape(trunk), (4,), outputs)
    readers = [layer.name for layer in network.layers if layer.reads_input]
    assert readers == (["trunk_0"] if trunk else [f"head_{k}_0" for k in range(len(outputs))])


def test_only_the_first_convolution_reads_the_image() -> None:
    network = architecture(Shape((8,), channels=(2, 3)), (8, 8, 1), [DIGIT])
    assert [layer.name for layer in network.layers if layer.reads_input] == ["conv_0"]


def test_odd_image_sides_are_pooled_downwards() -> None:
    """7 x 5 pools to 3 x 2 and then to 1 x 1, as both frameworks' 2 x 2 pooling does."""
    once, twice = (architecture(Shape((3,), channels=(4,) * n), (7, 5, 1), [DIGIT]) for n in (1, 2))
    assert once.trunk[0].inputs == 3 * 2 * 4
    assert twice.trunk[0].inputs == 1 * 1 * 4


def test_a_head_follows_the_flattened_image_where_there_is_no_dense_trunk() -> None:
    network = architecture(Shape((), channels=(4,)), (6, 6, 1), [COLOUR])
    assert network.parameters == (9 * 4 + 4) + (3 * 3 * 4 * 6 + 6)


def test_networks_that_differ_in_names_only_have_one_architecture() -> None:
    """Otherwise replicates of one program are compiled once per output instead of once."""
    first, second = (architecture(Shape((3,)), (7,), [Output(name, "regression")]) for name in ("a", "b"))
    assert first == second
    assert first != architecture(Shape((3,)), (7,), [YES_NO])


def test_an_image_without_channels_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="channels"):
        architecture(Shape((64,)), (28, 28, 3), [DIGIT])


@pytest.mark.parametrize("size", [(4, 4, 1), (7, 7, 1), (28, 4, 3), (4, 28, 3)])
def test_an_image_pooled_to_nothing_is_refused(size: tuple[int, ...]) -> None:
    """Three poolings need at least eight pixels a side; without the check a dense layer of zero inputs is built."""
    with pytest.raises(BadInput, match="3 poolings"):
        architecture(Shape((64,), channels=(2, 2, 2)), size, [DIGIT])
    assert architecture(Shape((64,), channels=(2, 2, 2)), (8, 8, 1), [DIGIT]).trunk[0].inputs == 1 * 1 * 2
