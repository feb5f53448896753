"""Recipes: rules that look at the number of rows only, and fair weights of unlike losses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.data.catalog import bundled_slugs, card_of
from jointbench.errors import BadInput
from jointbench.networks.architecture import architecture
from jointbench.networks.recipes import check_loss_weights, default_recipe, default_shape, effective_weights
from jointbench.types import Output, Recipe, Shape

OUTPUTS = (Output("quality", "regression"), Output("type", "binary", ("red", "white")))


@pytest.mark.parametrize(
    ("rows", "width"), [(63, 32), (500, 32), (1_000, 64), (8_000, 64), (64_000, 128), (299_285, 128)]
)
def test_base_widths_by_size(rows: int, width: int) -> None:
    assert default_shape(rows, image=False) == Shape((width, width))


def test_one_row_more_never_makes_another_table_of_it() -> None:
    """Between 20,000 and 20,001 rows the batch grew eightfold: no step is larger than one width, 2x, one epoch's wait."""
    before = None
    for rows in range(1, 70_000):
        shape, recipe = default_shape(rows, image=False), default_recipe(rows, image=False)
        now = (shape.trunk[0], recipe.batch_size, recipe.patience)
        if before is not None and now != before:
            assert now[0] - before[0] in (0, 8)
            assert now[1] in (before[1], 2 * before[1])
            assert before[2] - now[2] in (0, 1)
        before = now
    assert default_recipe(20_000, image=False) == default_recipe(20_001, image=False)


def test_an_image_shape_fits_the_bundled_digits() -> None:
    shape = default_shape(5_000, image=True)
    digits = architecture(shape, (28, 28, 3), [Output("digit", "multiclass", tuple("0123456789"))])
    assert digits.trunk[0].inputs == 7 * 7 * 16


@given(st.integers(10, 10**6), st.integers(10, 10**6))
def test_larger_tables_get_larger_batches_and_fewer_epochs(first: int, second: int) -> None:
    small, large = (default_recipe(rows, image=False) for rows in sorted((first, second)))
    assert small.batch_size <= large.batch_size
    assert small.max_epochs >= large.max_epochs
    assert small.patience >= large.patience


@given(st.integers(10, 10**6), st.booleans())
def test_patience_can_stop_a_training_before_its_limit(rows: int, image: bool) -> None:
    """Patience as long as the limit would mean that early stopping never happens."""
    recipe = default_recipe(rows, image)
    assert 0 < recipe.patience < recipe.max_epochs


@pytest.mark.parametrize("slug", bundled_slugs())
def test_a_bundled_recipe_can_stop_early_too(slug: str) -> None:
    card = card_of(slug)
    image = card.file is not None and card.file.endswith(".npz")
    recipe = card.recipe.recipe() if card.recipe else default_recipe(card.rows, image)
    assert 0 < recipe.patience < recipe.max_epochs
    assert recipe.batch_size < card.rows


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 10), st.floats(0.01, 100))
def test_an_untrained_network_is_pulled_equally_by_every_output(mse: float, entropy: float, weight: float) -> None:
    """With no-skill losses put in, each output weighs its own weight: 1, or what the user set."""
    no_skill = {"quality": mse, "type": entropy}
    for recipe, expected in ((Recipe(), (1.0, 1.0)), (Recipe(loss_weights=(("type", weight),)), (1.0, weight))):
        factors = effective_weights(recipe, OUTPUTS, no_skill)
        pulled = [factor * no_skill[o.name] for factor, o in zip(factors, OUTPUTS, strict=True)]
        assert pulled == pytest.approx(expected)


def test_loss_weights_follow_their_output_not_its_place() -> None:
    recipe = Recipe(loss_weights=(("type", 3.0), ("quality", 2.0)))
    assert effective_weights(recipe, OUTPUTS, {"quality": 1.0, "type": 1.0}) == (2.0, 3.0)
    assert effective_weights(recipe, OUTPUTS[1:], {"type": 0.5}) == (6.0,)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.inf, -math.inf, math.nan])
def test_a_loss_weight_that_is_no_positive_number_is_refused_by_name(weight: float) -> None:
    """A zero or negative weight trains an output not at all or backwards."""
    with pytest.raises(BadInput, match=r"'type'.*positive"):
        check_loss_weights(Recipe(loss_weights=(("quality", 1.0), ("type", weight))), OUTPUTS)


def test_a_loss_weight_of_an_unknown_output_is_refused_with_the_known_ones() -> None:
    """A misspelt name would otherwise weigh nothing and say nothing."""
    with pytest.raises(BadInput, match=r"'qualty'.*quality, type"):
        check_loss_weights(Recipe(loss_weights=(("qualty", 2.0),)), OUTPUTS)


def test_good_loss_weights_pass() -> None:
    check_loss_weights(Recipe(loss_weights=(("quality", 0.5), ("type", 2.0))), OUTPUTS)
    check_loss_weights(Recipe(), OUTPUTS)
