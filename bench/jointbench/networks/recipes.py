"""Recipes and base shapes, by a rule that depends on the number of rows and on whether the data are images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jointbench.errors import BadInput
from jointbench.types import Output, Recipe, Shape

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-7  # added to sqrt(v) before bias correction ("epsilon hat" of Kingma & Ba 2015, section 2)


def default_shape(rows: int, image: bool) -> Shape:
    """The base shape by size class; never tuned on any fold.

    Under 1,000 rows 32-32, up to 20,000 rows 64-64, above 128-128; images 8 and 16 channels, then 64.
    """
    if image:
        return Shape(trunk=(64,), channels=(8, 16))
    width = 32 if rows < 1_000 else 64 if rows <= 20_000 else 128
    return Shape(trunk=(width, width))


def default_recipe(rows: int, image: bool) -> Recipe:
    """The recipe by size class; for tables AdamW at 3e-3 with decoupled decay 0.3 and a batch that grows with the rows.

    Small tables get more epochs and more patience, because their validation loss is noisy. Images get
    plain Adam at 2e-3 and few epochs, because each is expensive. Learning rate and decay were chosen on validation
    rows of the bundled tables (least mean loss of both arms over rates 1e-3 and 3e-3, decays 0 to 1); test rows were
    not used.
    """
    if image:
        return Recipe(optimizer="adam", learning_rate=2e-3, batch_size=64, max_epochs=20, patience=4)
    batch_size, max_epochs, patience = (
        (16, 400, 40) if rows < 1_000 else (32, 200, 20) if rows <= 20_000 else (256, 100, 10)
    )
    return Recipe(
        optimizer="adamw",
        learning_rate=3e-3,
        batch_size=batch_size,
        max_epochs=max_epochs,
        patience=patience,
        weight_decay=0.3,
    )


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
