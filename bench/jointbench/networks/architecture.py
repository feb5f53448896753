"""The layers of a network, derived from its shape.

Parameter counts, FLOP counts, initial weights and both backends' networks are made from this one description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jointbench.errors import BadInput
from jointbench.networks.layers import Layer, head_layers, trunk_layers
from jointbench.networks.own_trunk import OwnTrunk, SizedTrunk
from jointbench.types import Kind, Output, Shape


@dataclass(frozen=True)
class Architecture:
    """A trunk (convolutions, each followed by 2x2 max pooling, then dense layers) and one head per output.

    input_shape: (features,) or (height, width, channels). Networks of equal architecture can be trained as
    replicates of one program; output names are therefore not part of it. own_trunk: a user's, in place of convolutions
    and dense layers, which are then (). dropout: the share of units that layers with "drop" after them do without.
    """

    input_shape: tuple[int, ...]
    convs: tuple[Layer, ...]
    trunk: tuple[Layer, ...]
    heads: tuple[tuple[Layer, ...], ...]
    kinds: tuple[Kind, ...]
    activation: Literal["relu", "tanh"]
    own_trunk: SizedTrunk | None = None
    dropout: float = 0.0

    @property
    def layers(self) -> Iterator[Layer]:
        yield from self.convs
        yield from self.trunk
        for head in self.heads:
            yield from head

    @property
    def units(self) -> tuple[int, ...]:
        """Width of each head's last layer, in output order."""
        return tuple(head[-1].units for head in self.heads)

    @property
    def dropped(self) -> tuple[Layer, ...]:
        """The layers with dropout after them."""
        return tuple(layer for layer in self.layers if layer.drops)

    @property
    def parameters(self) -> int:
        own = self.own_trunk.sizes.parameters if self.own_trunk else 0
        return own + sum(layer.parameters for layer in self.layers)


def architecture(
    shape: Shape, input_shape: tuple[int, ...], outputs: Sequence[Output], own_trunk: OwnTrunk | None = None
) -> Architecture:
    """The layers of a network of this shape for these outputs. own_trunk: a user's, measured at the shape's width.

    Raises BadInput when an image shape has no convolution channels or is pooled below one pixel, and as
    ``trunk_layers`` does.
    """
    kinds = tuple(output.kind for output in outputs)
    if own_trunk is not None:
        sized = own_trunk.at(shape.trunk)
        heads = _heads(shape, outputs, sized.sizes.units, reads_input=sized.sizes.parameters == 0)
        return Architecture(input_shape, (), (), heads, kinds, shape.activation, sized, shape.dropout)
    convs: tuple[Layer, ...] = ()
    if len(input_shape) == 3:
        convs, fan_in = _convolutions(shape, input_shape)
    else:
        (fan_in,) = input_shape
    trunk = trunk_layers(shape, fan_in, reads_input=not convs)
    trunk_units = trunk[-1].units if trunk else fan_in
    heads = _heads(shape, outputs, trunk_units, reads_input=not (convs or trunk))
    return Architecture(input_shape, convs, trunk, heads, kinds, shape.activation, dropout=shape.dropout)


def _heads(shape: Shape, outputs: Sequence[Output], inputs: int, *, reads_input: bool) -> tuple[tuple[Layer, ...], ...]:
    return tuple(
        head_layers(k, shape, output.units, inputs, reads_input=reads_input) for k, output in enumerate(outputs)
    )


def _convolutions(shape: Shape, input_shape: tuple[int, ...]) -> tuple[tuple[Layer, ...], int]:
    """The convolutions for an image, and how many values the last pooled map has."""
    height, width, depth = input_shape
    if not shape.channels:
        raise BadInput("an image dataset needs convolution channels in its shape (shape.channels)")
    convs = []
    for i, units in enumerate(shape.channels):
        if min(height, width) < 2:
            raise BadInput(f"{len(shape.channels)} poolings leave nothing of a {input_shape} image")
        convs.append(
            Layer(
                name=f"conv_{i}",
                kind="conv",
                inputs=depth,
                units=units,
                positions=height * width,
                head=None,
                reads_input=i == 0,
            )
        )
        height, width, depth = height // 2, width // 2, units
    return tuple(convs), height * width * depth
