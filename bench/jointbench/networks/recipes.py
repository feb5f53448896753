"""Recipes and base shapes, by a rule that depends on the number of rows and on whether the data are images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jointbench.errors import BadInput
from jointbench.types import Dataset, Output, Recipe, Shape

ADAM_BETAS = (0.9, 0.999)
WIDTH_STEP = 8
EPOCHS_PER_PATIENCE = 10  # the limit of epochs, in units of the patience
ADAM_EPSILON = 1e-7  # added to sqrt(v) before bias correction ("epsilon hat" of Kingma & Ba 2015, section 2)
# By so many rows; a power of the rows between these, constant beyond.
WIDTHS = {500: 32, 1_000: 64, 8_000: 64, 64_000: 128}
BATCHES = {500: 16, 1_000: 32, 8_000: 32, 64_000: 256}
PATIENCE = {500: 40, 1_000: 20, 8_000: 20, 64_000: 10}


def default_shape(rows: int, image: bool) -> Shape:
    """The base shape for so many rows in all folds together; never tuned on any fold.

    Tables: 32-32 up to 500 rows, 64-64 from 1,000 to 8,000, 128-128 from 64,000 on, in steps of 8 between; images: 8
    and 16 channels, then 64.
    """
    if image:
        return Shape(trunk=(64,), channels=(8, 16))
    width = WIDTH_STEP * round(_between(rows, WIDTHS) / WIDTH_STEP)
    return Shape(trunk=(width, width))


def default_recipe(rows: int, image: bool) -> Recipe:
    """The recipe for so many rows in all folds together; for tables AdamW at 3e-3 with decoupled decay 0.3.

    Small tables get more epochs and more patience, because their validation loss is noisy, and large ones larger
    batches, in powers of two. Images get plain Adam at 2e-3 and few epochs, because each is expensive. Learning rate
    and decay were chosen on validation rows of the bundled tables (least mean loss of both arms over rates 1e-3 and
    3e-3, decays 0 to 1); test rows were not used.
    """
    if image:
        return Recipe(optimizer="adam", learning_rate=2e-3, batch_size=64, max_epochs=20, patience=4)
    batch_size = 2 ** round(math.log2(_between(rows, BATCHES)))
    patience = round(_between(rows, PATIENCE))
    return Recipe(
        optimizer="adamw",
        learning_rate=3e-3,
        batch_size=batch_size,
        max_epochs=EPOCHS_PER_PATIENCE * patience,
        patience=patience,
        weight_decay=0.3,
    )


def chosen_shape(dataset: Dataset) -> Shape:
    """The dataset's own base shape, else the rule's."""
    return dataset.shape or default_shape(dataset.rows, isinstance(dataset.features, np.ndarray))


def chosen_recipe(
    dataset: Dataset, loss_weights: tuple[tuple[str, float], ...] = (), most_epochs: int | None = None
) -> Recipe:
    """The dataset's own recipe, else the rule's, with these weights. Raises BadInput as ``check_loss_weights`` does."""
    recipe = dataset.recipe or default_recipe(dataset.rows, isinstance(dataset.features, np.ndarray))
    if loss_weights:
        recipe = replace(recipe, loss_weights=loss_weights)
    check_loss_weights(recipe, dataset.outputs)
    if most_epochs is not None:
        recipe = replace(recipe, max_epochs=min(recipe.max_epochs, most_epochs))
    return recipe


def rule_text(values: Mapping[int, int]) -> str:
    """One of the rules by the number of rows, in words."""
    (few, first), *between, (many, last) = values.items()
    middle = "".join(f", {value} at {rows:,}" for rows, value in between)
    return f"{first} up to {few:,} rows{middle}, {last} from {many:,} on, in steps between"


def _between(rows: int, values: Mapping[int, float]) -> float:
    """The value for so many rows: given at these numbers of rows, a power of the rows between, constant beyond.

    So no row more or less changes a recipe at once from one size of table to the next.
    """
    logs = np.interp(math.log(rows), np.log(list(values)), np.log(list(values.values())))
    return math.exp(float(logs))


def effective_weights(
    recipe: Recipe, outputs: Sequence[Output], no_skill_loss: Mapping[str, float]
) -> tuple[float, ...]:
    """The factor of each output's loss: its weight (1 unless set) over its no-skill loss on the training rows."""
    weights = dict(recipe.loss_weights)
    return tuple(weights.get(output.name, 1.0) / no_skill_loss[output.name] for output in outputs)


def check_loss_weights(recipe: Recipe, outputs: Sequence[Output]) -> None:
    """Raises BadInput for a loss weight of an unknown output or one that is not positive."""
    known = [output.name for output in outputs]
    for name, weight in recipe.loss_weights:
        if name not in known:
            raise BadInput(f"loss weight for {name!r}: there is no such output; the outputs are {', '.join(known)}")
        if not 0 < weight < float("inf"):
            raise BadInput(f"loss weight for {name!r} is {weight}; it must be a positive number")
