"""What tuning tries: the rules' own first, the same for everybody, within the ranges, and more only add to the end."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from jointbench.errors import BadInput
from jointbench.networks.search_space import (
    DROPOUTS,
    LEARNING_RATE,
    LOSS_WEIGHT,
    WEIGHT_DECAY,
    Configuration,
    configurations,
    for_group,
)
from jointbench.types import Recipe, Shape

RECIPE = Recipe(optimizer="adamw", learning_rate=3e-3, batch_size=32, weight_decay=0.3)
SHAPE = Shape(trunk=(64, 64))


def tried(count: int, seed: int = 0, shape: Shape = SHAPE, recipe: Recipe = RECIPE) -> tuple[Configuration, ...]:
    return configurations(shape, recipe, ("a", "b"), count, seed)


def test_the_first_is_the_rules_own_and_more_only_add_to_the_end() -> None:
    sixteen = tried(16)
    assert sixteen[0] == Configuration(SHAPE, RECIPE)
    assert len(set(sixteen)) == 16
    assert tried(4) == sixteen[:4]
    assert tried(16) == sixteen
    assert tried(16, seed=1)[1:] != sixteen[1:]


def test_every_number_is_in_its_range_and_the_ranges_are_filled() -> None:
    recipes = [configuration.recipe for configuration in tried(65)[1:]]
    weights = [weight for recipe in recipes for _, weight in recipe.loss_weights]
    rates, decays = [recipe.learning_rate for recipe in recipes], [recipe.weight_decay for recipe in recipes]
    for values, (low, high) in ((rates, LEARNING_RATE), (decays, WEIGHT_DECAY), (weights, LOSS_WEIGHT)):
        assert low <= min(values) < max(values) <= high
        quarters = np.histogram(np.log(values), bins=4, range=(np.log(low), np.log(high)))[0]
        assert quarters.min() >= len(values) / 8, "a Sobol sequence leaves no part of the range out"
    assert {recipe.batch_size for recipe in recipes} == {16, 32, 64}
    shapes = [configuration.shape for configuration in tried(65)[1:]]
    assert {shape.trunk[0] for shape in shapes} == {32, 64, 128}
    assert {len(shape.trunk) for shape in shapes} == {1, 2, 3}
    assert {shape.dropout for shape in shapes} == set(DROPOUTS)


def test_convolutions_keep_their_shape() -> None:
    image = Shape(trunk=(64,), channels=(8, 16))
    assert {(c.shape.trunk, c.shape.channels) for c in tried(8, shape=image)} == {((64,), (8, 16))}


def test_a_single_output_has_no_loss_weight_and_a_group_has_its_own() -> None:
    recipe = Recipe(loss_weights=(("a", 2.0), ("b", 0.5), ("c", 1.5)))
    assert for_group(recipe, ("a",)).loss_weights == ()
    assert for_group(recipe, ("a", "c")).loss_weights == (("a", 2.0), ("c", 1.5))


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna.distributions", None)
    with pytest.raises(BadInput, match=r"--tune needs Optuna; install it with pip install 'jointbench\[tune\]'"):
        tried(2)
