"""The layers of a network, derived from its shape.

Parameter counts, FLOP counts, initial weights and both backends' networks are made from this one description.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jointbench.errors import BadInput
from jointbench.networks.own_trunk import OwnTrunk, SizedTrunk
from jointbench.types import Kind, Output, Shape

KERNEL = 3  # convolutions are 3x3, SAME padding, stride 1, so that both frameworks' FLOP counters agree


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One dense or convolution layer.

    positions: how many places the kernel is applied at (height x width for a convolution, 1 for dense).
    head: index of the output that the layer serves, None in the shared trunk.
    reads_input: the layer's input is the data, so that training needs no gradient with respect to it.
    """

    name: str
    kind: Literal["dense", "conv"]
    inputs: int
    units: int
    positions: int
    head: int | None
    reads_input: bool

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Shape of the kernel, inputs before units: (in, out), or (3, 3, in, out)."""
        window = (KERNEL, KERNEL) if self.kind == "conv" else ()
        return (*window, self.inputs, self.units)

    @property
    def parameters(self) -> int:
        return math.prod(self.kernel_shape) + self.units


@dataclass(frozen=True)
class Architecture:
    """A trunk (convolutions, each followed by 2x2 max pooling, then dense layers) and one head per output.

    input_shape: (features,) or (height, width, channels). Networks of equal architecture can be trained as
    replicates of one program; output names are therefore not part of it. own_trunk: a user's, in place of convolutions
    and dense layers, which are then ().
    """

    input_shape: tuple[int, ...]
    convs: tuple[Layer, ...]
    trunk: tuple[Layer, ...]
    heads: tuple[tuple[Layer, ...], ...]
    kinds: tuple[Kind, ...]
    activation: Literal["relu", "tanh"]
    own_trunk: SizedTrunk | None = None

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
    def parameters(self) -> int:
        own = self.own_trunk.sizes.parameters if self.own_trunk else 0
        return own + sum(layer.parameters for layer in self.layers)


def architecture(
    shape: Shape, input_shape: tuple[int, ...], outputs: Sequence[Output], own_trunk: OwnTrunk | None = None
) -> Architecture:
    """The layers of a network of this shape for these outputs. own_trunk: a user's, measured at the shape's width.

    Raises BadInput when an image shape has no convolution channels or is pooled below one pixel.
    """
    kinds = tuple(output.kind for output in outputs)
    if own_trunk is not None:
        sized = own_trunk.at(shape.trunk)
        heads = _heads(shape, outputs, sized.sizes.units, reads_input=sized.sizes.parameters == 0)
        return Architecture(input_shape, (), (), heads, kinds, shape.activation, sized)
    convs: tuple[Layer, ...] = ()
    if len(input_shape) == 3:
        convs, fan_in = _convolutions(shape, input_shape)
    else:
        (fan_in,) = input_shape
    trunk = _dense_layers("trunk", shape.trunk, fan_in, head=None, reads_input=not convs)
    trunk_units = trunk[-1].units if trunk else fan_in
    heads = _heads(shape, outputs, trunk_units, reads_input=not (convs or trunk))
    return Architecture(input_shape, convs, trunk, heads, kinds, shape.activation)


def _heads(shape: Shape, outputs: Sequence[Output], inputs: int, *, reads_input: bool) -> tuple[tuple[Layer, ...], ...]:
    return tuple(
        _dense_layers(f"head_{k}", (*shape.head, output.units), inputs, head=k, reads_input=reads_input)
        for k, output in enumerate(outputs)
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


def _dense_layers(
    prefix: str, widths: Sequence[int], inputs: int, *, head: int | None, reads_input: bool
) -> tuple[Layer, ...]:
    """Dense layers one after the other; ``reads_input`` is the first one's."""
    layers = []
    for i, units in enumerate(widths):
        layers.append(
            Layer(
                name=f"{prefix}_{i}",
                kind="dense",
                inputs=inputs,
                units=units,
                positions=1,
                head=head,
                reads_input=reads_input and i == 0,
            )
        )
        inputs = units
    return tuple(layers)
