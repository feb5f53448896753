"""What a user sets of recipe and base shape, over the rule's or the dataset's own."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from jointbench.errors import BadInput
from jointbench.networks.recipes import chosen_recipe, chosen_shape
from jointbench.types import Dataset, Natural, Optimizer, Positive, PositiveFloat, Recipe, Shape, Width


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """None leaves a field as the rule or the dataset's card has it."""

    optimizer: Optimizer | None = None
    learning_rate: PositiveFloat | None = None
    batch_size: Positive | None = None
    max_epochs: Positive | None = None
    patience: Natural | None = None
    weight_decay: float | None = None
    trunk: tuple[Width, ...] | None = None
    head: tuple[Width, ...] | None = None
    channels: tuple[Width, ...] | None = None
    activation: Literal["relu", "tanh"] | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def set_on(self, dataset: Dataset) -> Dataset:
        """The dataset with a recipe and a shape of its own, where anything is set. Raises BadInput for convolutions of a
        table."""
        values = self.chosen
        if not values:
            return dataset
        recipe, shape = chosen_recipe(dataset), chosen_shape(dataset)
        if self.channels is not None and not shape.channels:
            raise BadInput(
                f"shape.channels: {dataset.slug} is a table, and convolutions are for images; leave them out"
            )
        return replace(
            dataset, recipe=replace(recipe, **_of(Recipe, values)), shape=replace(shape, **_of(Shape, values))
        )


def _of(kind: type[Recipe] | type[Shape], values: dict[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


DEFAULT_NETWORK = NetworkOptions()
