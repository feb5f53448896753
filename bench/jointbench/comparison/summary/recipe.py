"""How a dataset's networks are trained, as in the summary: the rule's recipe and the rows that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.types import Natural, Norm, Positive, Recipe, Shape, Split, Width


@dataclass(frozen=True, kw_only=True)
class RecipeSummary:
    """The recipe and base shape of a dataset.

    rows: of all folds together, which the recipe was chosen by; None where it is set, by
    the dataset's card or the user. fewest_trained,
    most_trained: training rows of a fold. trunk, head: units of the layers; channels: of the convolutions. own_trunk: the
    name of a user's trunk, whose width is ``trunk``. dropout, norm, residual: as in ``types.Shape``.
    """

    rows: Natural | None
    fewest_trained: Natural
    most_trained: Natural
    trunk: tuple[Width, ...]
    head: tuple[Width, ...]
    channels: tuple[Width, ...]
    optimizer: str
    learning_rate: float
    batch_size: Positive
    max_epochs: Positive
    patience: Natural
    weight_decay: float
    own_trunk: str = ""
    dropout: float = 0.0
    norm: Norm = ""
    residual: bool = False


def recipe_summary(rows: int | None, recipe: Recipe, shape: Shape, splits: Sequence[Split]) -> RecipeSummary:
    """The recipe of a dataset that was split so. rows: what it was chosen by, None where it is set."""
    trained = [len(split.train) for split in splits]
    return RecipeSummary(
        rows=rows,
        fewest_trained=min(trained),
        most_trained=max(trained),
        trunk=shape.trunk,
        head=shape.head,
        channels=shape.channels,
        optimizer=recipe.optimizer,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        max_epochs=recipe.max_epochs,
        patience=recipe.patience,
        weight_decay=recipe.weight_decay,
        own_trunk=shape.own_trunk,
        dropout=shape.dropout,
        norm=shape.norm,
        residual=shape.residual,
    )
