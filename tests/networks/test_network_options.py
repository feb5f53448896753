"""The networks that have a name, and what a user may say of hidden layers."""

from __future__ import annotations

import re

import pytest

from jointbench.data.catalog import load_bundled
from jointbench.errors import BadInput
from jointbench.networks.network_options import NetworkOptions, networks_of
from jointbench.networks.recipes import chosen_shape


def test_resnet_stands_for_a_residual_trunk_with_normalisation() -> None:
    dataset = load_bundled("concrete_slump")
    width = chosen_shape(dataset).trunk[0]
    shape = networks_of(("resnet", "forest"), NetworkOptions(dropout=0.1)).set_on(dataset).shape
    assert shape is not None
    assert (shape.trunk, shape.norm, shape.residual, shape.dropout) == (
        (width, 2 * width, 2 * width),
        "layer",
        True,
        0.1,
    )
    own = networks_of(("resnet",), NetworkOptions(trunk=(8, 9))).set_on(dataset).shape
    assert own is not None
    assert own.trunk == (8, 9)


def test_an_mlp_is_what_is_asked_for() -> None:
    options = NetworkOptions(dropout=0.2, norm="layer")
    assert networks_of(("mlp",), options) == options
    shape = options.set_on(load_bundled("concrete_slump")).shape
    assert shape is not None
    assert (shape.dropout, shape.norm, shape.residual) == (0.2, "layer", False)


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        (("mlp", "resnet"), NetworkOptions(), "--model mlp --model resnet: a run has networks of one kind"),
        (("forest",), NetworkOptions(dropout=0.1), "--dropout is for networks, and this run has none"),
        (("mlp",), NetworkOptions(dropout=1.0), "--dropout 1: it is a share of units"),
        (("mlp",), NetworkOptions(dropout=float("nan")), "--dropout nan: it is a share of units"),
        (("mlp",), NetworkOptions(norm="batch"), "--norm 'batch': it is layer"),  # type: ignore[arg-type]
        (("resnet",), NetworkOptions(norm=""), "--model resnet is residual with layer normalisation"),
    ],
)
def test_what_cannot_be_is_one_sentence(models: tuple[str, ...], options: NetworkOptions, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        networks_of(models, options)
