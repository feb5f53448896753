"""Dropout masks: a function of seed, outputs, epoch and layer, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.networks.architecture import architecture
from jointbench.networks.dropout import epoch_masks, kept_scale, outputs_seed
from jointbench.types import Output, Shape

NETWORK = architecture(
    Shape((40, 30), (20,), dropout=0.3), (7,), [Output("a", "regression"), Output("b", "regression")]
)


def test_masks_drop_their_share_of_each_hidden_layer() -> None:
    masks = epoch_masks(NETWORK, (1, 2), 0, 500)
    assert {name: mask.shape for name, mask in masks.items()} == {
        "trunk_0": (500, 40),
        "trunk_1": (500, 30),
        "head_0_0": (500, 20),
        "head_1_0": (500, 20),
    }
    for mask in masks.values():
        assert mask.dtype == bool
        assert mask.mean() == pytest.approx(0.7, abs=0.02)
        assert mask.mean() * kept_scale(NETWORK) == pytest.approx(1, abs=0.03)


def test_the_same_seed_gives_the_same_masks_and_another_others() -> None:
    first, again = (epoch_masks(NETWORK, (1, 2), 3, 50) for _ in range(2))
    others = [
        epoch_masks(NETWORK, (2, 2), 3, 50),
        epoch_masks(NETWORK, (1, outputs_seed(("a",))), 3, 50),
        epoch_masks(NETWORK, (1, 2), 4, 50),
    ]
    for name, mask in first.items():
        np.testing.assert_array_equal(mask, again[name])
        assert all((mask != other[name]).mean() > 0.2 for other in others)
    assert (first["head_0_0"] != first["head_1_0"]).mean() > 0.2
    assert outputs_seed(("a", "b")) != outputs_seed(("a",)) != outputs_seed(("b",))


def test_a_network_without_dropout_has_none() -> None:
    plain = architecture(Shape((4,)), (7,), [Output("a", "regression")])
    assert epoch_masks(plain, (1, 2), 0, 5) == {}
