"""What a user sets of recipe and base shape, over the rule's or the dataset's own."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from jointbench.errors import BadInput
from jointbench.types import Natural, Optimizer, Positive, PositiveFloat, Recipe, Shape, Width


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

    def recipe(self, recipe: Recipe) -> Recipe:
        return replace(recipe, **_of(Recipe, self.chosen))

    def shape(self, shape: Shape, *, image: bool) -> Shape:
        """Raises BadInput for convolutions of a table."""
        if self.channels is not None and not image:
            raise BadInput("shape.channels: convolutions are for images, and a dataset is a table; leave them out")
        return replace(shape, **_of(Shape, self.chosen))


def _of(kind: type[Recipe] | type[Shape], values: dict[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


DEFAULT_NETWORK = NetworkOptions()
