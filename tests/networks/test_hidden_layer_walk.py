"""Hidden layers with normalisation and dropout, and residual trunks: their layers, sizes and FLOPs, by hand."""

from __future__ import annotations

import pytest

from jointbench.errors import BadInput
from jointbench.networks.architecture import architecture
from jointbench.networks.arms import architectures, parameters, parse_arm, sized
from jointbench.networks.flops import elementwise_flops, flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.networks.layers import run_layers
from jointbench.types import Network, Output, Recipe, Shape

OUTPUTS = (Output("a", "regression"), Output("b", "multiclass", ("x", "y", "z")))
RESNET = Shape((4, 6, 6), residual=True, norm="layer", dropout=0.1)


def walk(shape: Shape) -> str:
    """What a row of a table goes through in the trunk, in words."""
    network = architecture(shape, (7,), OUTPUTS)
    return run_layers(
        network.trunk,
        "x",
        lambda layer, x: f"{layer.kind}({x})",
        lambda x: f"f({x})",
        lambda _, x: f"drop({x})",
        lambda _, kept, x: f"{kept}+{x}",
    )


def test_a_plain_trunk_has_normalisation_before_and_dropout_after_the_activation() -> None:
    assert walk(Shape((4, 5))) == "f(dense(f(dense(x))))"
    assert walk(Shape((4,), dropout=0.1)) == "drop(f(dense(x)))"
    assert walk(Shape((4,), norm="layer", dropout=0.1)) == "drop(f(norm(dense(x))))"


def test_a_block_adds_to_the_stream_as_in_the_paper() -> None:
    """Gorishniy et al. 2021, section 3.3: x + Dropout(Linear(Dropout(ReLU(Linear(Norm(x)))))); at the end ReLU(Norm(x))."""
    stem = "dense(x)"
    block = f"{stem}+drop(dense(drop(f(dense(norm({stem}))))))"
    assert walk(Shape((4, 6), residual=True, norm="layer", dropout=0.1)) == f"f(norm({block}))"


def test_parameters_and_flops_by_hand() -> None:
    """7 inputs, a stream of 4, two blocks of 6, heads of 1 and 3 units; normalisation has 2 weights a unit and no product."""
    network = architecture(RESNET, (7,), OUTPUTS)
    block = 2 * 4 + (4 * 6 + 6) + (6 * 4 + 4)
    assert network.parameters == (7 * 4 + 4) + 2 * block + 2 * 4 + (4 + 1) + (4 * 3 + 3)
    flops = flops_per_row([network])
    blocks = 2 * (2 * 4 * 6 + 2 * 6 * 4)
    assert (flops.trunk_forward, flops.trunk_backward) == (2 * 7 * 4 + blocks, 2 * 7 * 4 + 2 * blocks)
    assert (flops.heads_forward, flops.heads_backward) == (2 * 4 * 4, 2 * 2 * 4 * 4)


def test_heads_have_what_the_trunk_has() -> None:
    network = architecture(Shape((4,), (3,), norm="layer", dropout=0.5), (7,), OUTPUTS)
    assert [layer.name for layer in network.heads[1]] == ["head_1_0", "head_1_0_norm", "head_1_1"]
    assert [layer.name for layer in network.dropped] == ["trunk_0_norm", "head_0_0_norm", "head_1_0_norm"]
    weights = initial_weights(network, ["a", "b"], 0)
    assert (weights["head_1_0_norm/kernel"] == 1).all()
    assert (weights["head_1_0_norm/bias"] == 0).all()
    plain = initial_weights(architecture(Shape((4,), (3,)), (7,), OUTPUTS), ["a", "b"], 0)
    assert all((weights[name] == array).all() for name, array in plain.items())  # both start from the same kernels


def test_a_matched_residual_arm_has_the_joint_networks_parameters() -> None:
    base = Shape((32, 64, 64), residual=True, norm="layer")
    matched = sized(parse_arm("separate-matched", OUTPUTS), base, (7,), OUTPUTS)
    aim = parameters(architectures((("a", "b"),), base, (7,), OUTPUTS))
    count = parameters(architectures((("a",), ("b",)), matched, (7,), OUTPUTS))
    assert (matched.residual, matched.norm) == (True, "layer")
    assert count == pytest.approx(aim, rel=0.05)


@pytest.mark.parametrize("shape", [Shape((4,), residual=True, norm="layer"), Shape((4, 6), residual=True)])
def test_a_residual_trunk_without_a_block_or_normalisation_is_refused(shape: Shape) -> None:
    with pytest.raises(BadInput, match=r"at least two widths in shape\.trunk"):
        architecture(shape, (7,), OUTPUTS)


def test_an_id_has_what_is_set_and_a_plain_network_keeps_its_own() -> None:
    def network_id(shape: Shape) -> str:
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
        ).id

    shapes = (Shape((64, 64)), Shape((64, 64), dropout=0.1), Shape((64, 64), norm="layer"), RESNET)
    assert network_id(shapes[0]) == "58a6182361bb841a"
    assert len({network_id(shape) for shape in shapes}) == 4


def test_elementwise_work_is_estimated_by_unit() -> None:
    """A stream of 4 and two blocks of 6: three normalisations of 4 units at 18 FLOPs a unit; masks on the branches' 6 and 4
    units, and sums of 4, at 2."""
    assert elementwise_flops(RESNET, 3) == 3 * 4 * 18 + 2 * 2 * (6 + 4) + 2 * 2 * 4
    assert elementwise_flops(Shape((4,), (3,), norm="layer", dropout=0.5), 2) == (4 + 2 * 3) * (18 + 2)
    assert elementwise_flops(Shape((64, 64), (8,)), 2) == 0
