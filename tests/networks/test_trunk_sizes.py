"""What is known of a user's trunk before any framework builds it, and how arms are sized by it."""

from __future__ import annotations

from typing import Any

import pytest

from jointbench.errors import BadInput
from jointbench.networks.architecture import architecture
from jointbench.networks.arms import architectures, parameters, parse_arm, sized
from jointbench.networks.flops import flops_per_row, train_flops_per_row, uncounted_reason
from jointbench.networks.own_trunk import OwnTrunk, TrunkSizes, takes_width, trunk_id
from jointbench.types import Network, Output, Recipe, Shape

OUTPUTS = [Output("a", "regression"), Output("b", "multiclass", ("x", "y", "z"))]


def nothing(*_: object) -> Any:
    raise AssertionError("no framework is asked")


def dense(inputs: int, width: int) -> TrunkSizes:
    """One dense layer."""
    return TrunkSizes(width, (inputs + 1) * width, 2 * inputs * width, 2 * inputs * width)


def own(sizes: Any, width: int | None = 8) -> OwnTrunk:
    return OwnTrunk("mine-0", nothing, width, sizes)


class Grows(dict[int | None, TrunkSizes]):
    def __missing__(self, width: int | None) -> TrunkSizes:
        assert width is not None
        return dense(5, width)


def test_a_width_is_the_second_parameter() -> None:
    assert takes_width(lambda shape, width: None)
    assert takes_width(lambda *arguments: None)
    assert takes_width(lambda shape, width=64: None)
    assert not takes_width(lambda shape: None)
    assert not takes_width(lambda shape, *, depth=2: None)


@pytest.mark.parametrize("function", [lambda: None, lambda shape, width, depth: None])
def test_a_function_of_other_parameters_is_refused(function: Any) -> None:
    with pytest.raises(BadInput, match=r"trunk: lambda.* cannot be called with the shape of a row and a width"):
        takes_width(function)
    with pytest.raises(BadInput, match="trunk is a str; give a function"):
        takes_width("mlp")  # type: ignore[arg-type]  # what a user may hand over


def test_two_functions_of_one_name_are_two_trunks() -> None:
    def first() -> Any:
        def trunk(shape: Any) -> int:
            return 1

        return trunk

    def second() -> Any:
        def trunk(shape: Any) -> int:
            return 2

        return trunk

    assert trunk_id(first()) == trunk_id(first()) != trunk_id(second())
    assert trunk_id(first()).startswith("trunk-")


def test_an_architecture_has_the_trunks_sizes_and_its_own_heads() -> None:
    network = architecture(own({8: dense(5, 8)}).shape(Shape((8, 8), (4,))), (5,), OUTPUTS, own({8: dense(5, 8)}))
    built_in = architecture(Shape((8,), (4,)), (5,), OUTPUTS)
    assert network.parameters == built_in.parameters
    assert flops_per_row([network]) == flops_per_row([built_in])


def test_a_trunk_that_learns_nothing_needs_no_gradient() -> None:
    frozen = own({8: TrunkSizes(8, 0, 80, 0)})
    network = architecture(frozen.shape(Shape((8,))), (5,), OUTPUTS, frozen)
    assert flops_per_row([network]).heads_backward == flops_per_row([network]).heads_forward


def test_arms_are_sized_by_its_width() -> None:
    arm, grows = parse_arm("separate-matched", OUTPUTS), own(Grows())
    base = grows.shape(Shape((8,)))
    shape = sized(arm, base, (5,), OUTPUTS, grows)
    dense_shape = sized(arm, Shape((8,)), (5,), OUTPUTS)
    assert shape.trunk == dense_shape.trunk
    assert parameters(architectures(arm.groups, shape, (5,), OUTPUTS, grows)) == parameters(
        architectures(arm.groups, dense_shape, (5,), OUTPUTS)
    )


def test_a_trunk_that_ignores_its_width_cannot_be_sized() -> None:
    class Ignores(Grows):
        def __missing__(self, width: int | None) -> TrunkSizes:
            return dense(5, 8)

    ignores = own(Ignores())
    with pytest.raises(BadInput, match="grows no larger with its width, so arm joint-wide cannot be sized"):
        sized(parse_arm("joint-wide", OUTPUTS), ignores.shape(Shape((8,))), (5,), OUTPUTS, ignores)


def test_what_was_not_counted_is_nothing_and_says_why() -> None:
    uncounted = own({8: TrunkSizes(8, 48, 0, 0, "in the sand")})
    network = architecture(uncounted.shape(Shape((8,))), (5,), OUTPUTS, uncounted)
    assert train_flops_per_row([network]) == 0
    assert uncounted_reason([network]) == "in the sand"


def test_networks_on_other_trunks_have_other_ids_and_dense_ones_keep_theirs() -> None:
    def network(shape: Shape) -> Network:
        return Network(
            dataset="d",
            sha256="0",
            repeat=0,
            fold=0,
            split="s",
            seed=0,
            group=("a",),
            shape=shape,
            recipe=Recipe(),
            backend="torch",
            device="cpu",
            engine="stock",
        )

    ids = {network(Shape((8,), own_trunk=name)).id for name in ("", "one", "two")}
    assert len(ids) == 3
    assert network(Shape((64, 64))).id == "58a6182361bb841a"
