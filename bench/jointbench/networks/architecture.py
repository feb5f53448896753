"""The layers of a network, in closed form from its shape: the one description that parameter counts,
FLOP counts, initial weights and both backends are built from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jointbench.errors import BadInput
from jointbench.types import Kind, Output, Shape

KERNEL = 3  # convolutions are 3x3, SAME padding, stride 1, so that both frameworks' FLOP counters agree


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One dense or convolution layer.

    positions: places its kernel is applied at (height x width for a convolution, 1 for dense).
    head: index of the output it serves, None for the shared trunk.
    reads_input: its input is the data, so training it needs no gradient with respect to its input.
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

    input_shape: (features,) or (height, width, channels). Two networks with equal architectures can be
    trained as replicates of one program; output names are deliberately not part of it.
    """

    input_shape: tuple[int, ...]
    convs: tuple[Layer, ...]
    trunk: tuple[Layer, ...]
    heads: tuple[tuple[Layer, ...], ...]
    kinds: tuple[Kind, ...]
    activation: Literal["relu", "tanh"]

    @property
    def layers(self) -> Iterator[Layer]:
        yield from self.convs
        yield from self.trunk
        for head in self.heads:
            yield from head

    @property
    def flattened(self) -> tuple[int, int, int] | None:
        """(height, width, channels) of the last pooled map, None for a table."""
        if not self.convs:
            return None
        height, width, _ = self.input_shape
        for _conv in self.convs:
            height, width = height // 2, width // 2
        return height, width, self.convs[-1].units

    @property
    def units(self) -> tuple[int, ...]:
        """Width of each head's last layer, in output order."""
        return tuple(head[-1].units for head in self.heads)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


def architecture(shape: Shape, input_shape: tuple[int, ...], outputs: Sequence[Output]) -> Architecture:
    """The layers of a network of this shape for these outputs.

    Raises BadInput when an image shape has no convolution channels or is pooled below one pixel.
    """
    convs: list[Layer] = []
    if len(input_shape) == 3:
        height, width, depth = input_shape
        if not shape.channels:
            raise BadInput("an image dataset needs convolution channels in its shape (shape.channels)")
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
        fan_in = height * width * depth
    else:
        (fan_in,) = input_shape

    def dense(prefix: str, widths: Sequence[int], inputs: int, head: int | None, first: bool) -> list[Layer]:
        made = []
        for i, units in enumerate(widths):
            made.append(
                Layer(
                    name=f"{prefix}_{i}",
                    kind="dense",
                    inputs=inputs,
                    units=units,
                    positions=1,
                    head=head,
                    reads_input=first and i == 0,
                )
            )
            inputs = units
        return made

    trunk = dense("trunk", shape.trunk, fan_in, None, not convs)
    feeds = trunk[-1].units if trunk else fan_in
    bare = not (convs or trunk)
    heads = tuple(
        tuple(dense(f"head_{k}", (*shape.head, output.units), feeds, k, bare)) for k, output in enumerate(outputs)
    )
    kinds = tuple(output.kind for output in outputs)
    return Architecture(input_shape, tuple(convs), tuple(trunk), heads, kinds, shape.activation)
