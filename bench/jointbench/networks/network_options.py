"""What a user sets of recipe and base shape, over the rule's or the dataset's own, and the networks that have a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from jointbench.errors import BadInput
from jointbench.networks.layers import check_residual
from jointbench.networks.recipes import chosen_recipe, chosen_shape
from jointbench.types import Dataset, Natural, Norm, Optimizer, Positive, PositiveFloat, Recipe, Shape, Width

MLP, RESNET = "mlp", "resnet"  # the networks of a study, by the names of their families
NETWORK_MODELS = (MLP, RESNET)
BLOCKS = 2  # of a residual trunk, as in the defaults of Gorishniy et al. 2021


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
    dropout: float | None = None
    norm: Norm | None = None
    residual: bool | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def set_on(self, dataset: Dataset) -> Dataset:
        """The dataset with a recipe and a shape of its own, where anything is set. A residual trunk has BLOCKS blocks, each
        twice as wide as its stream, where its widths are not set. Raises BadInput for convolutions of a table, and as
        ``check_residual`` does."""
        values = self.chosen
        if not values:
            return dataset
        recipe, shape = chosen_recipe(dataset), chosen_shape(dataset)
        if self.channels is not None and not shape.channels:
            raise BadInput(
                f"shape.channels: {dataset.slug} is a table, and convolutions are for images; leave them out"
            )
        if self.residual and self.trunk is None and not shape.residual:
            if not shape.trunk:
                raise BadInput(
                    f"--model {RESNET}: {dataset.slug} has a shape without a trunk, so it cannot be residual"
                )
            stream = shape.trunk[0]
            shape = replace(shape, trunk=(stream, *(2 * stream,) * BLOCKS))
        shape = replace(shape, **_of(Shape, values))
        check_residual(shape)
        return replace(dataset, recipe=replace(recipe, **_of(Recipe, values)), shape=shape)


def _of(kind: type[Recipe] | type[Shape], values: dict[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


DEFAULT_NETWORK = NetworkOptions()


def networks_of(models: Sequence[str], options: NetworkOptions) -> NetworkOptions:
    """The options of a study's networks: ``resnet`` among its models stands for a residual trunk with normalisation.

    Raises BadInput for two kinds of networks, and for options of networks where there are none or that make no sense.
    """
    named = [model for model in NETWORK_MODELS if model in models]
    if len(named) > 1:
        raise BadInput(f"--model {' --model '.join(named)}: a run has networks of one kind; leave one of them out")
    for option, value in (("--dropout", options.dropout), ("--norm", options.norm)):
        if value is not None and not named:
            raise BadInput(f"{option} is for networks, and this run has none; add --model {MLP} or --model {RESNET}")
    if options.dropout is not None and not 0 <= options.dropout < 1:
        raise BadInput(f"--dropout {options.dropout:g}: it is a share of units, from 0 up and below 1")
    if options.norm is not None and options.norm not in get_args(Norm):
        raise BadInput(f"--norm {options.norm!r}: it is layer, for layer normalisation; leave it out for none")
    if RESNET not in named:
        return options
    if options.norm == "" or options.residual is False:
        raise BadInput(
            f"--model {RESNET} is residual with layer normalisation; leave norm and residual out, or use {MLP}"
        )
    return replace(options, residual=True, norm="layer")
