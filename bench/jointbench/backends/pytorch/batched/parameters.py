"""The layout of a stack's parameters: one row per slot, in which every dense layer is one block with its bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer


@dataclass(frozen=True)
class Block:
    """Dense layers on the same input, side by side as one matrix of (inputs + 1, units); its last row is the bias.

    A normalisation is a block of its own, (2, units): its scale, then its shift.

    start: its offset in a slot's row. The matrix is stored with its longer side contiguous: PyTorch multiplies a 64 x 2
    matrix four times faster from its transpose.
    """

    layers: tuple[Layer, ...]
    start: int

    @property
    def inputs(self) -> int:
        return 1 if self.layers[0].kind == "norm" else self.layers[0].inputs

    @property
    def units(self) -> int:
        return sum(layer.units for layer in self.layers)

    @property
    def transposed(self) -> bool:
        return self.units < self.inputs

    @property
    def stored_shape(self) -> tuple[int, int]:
        return (self.units, self.inputs + 1) if self.transposed else (self.inputs + 1, self.units)

    @property
    def size(self) -> int:
        return (self.inputs + 1) * self.units

    def matrix(self, flat: torch.Tensor) -> torch.Tensor:
        """The block as a view (slots, inputs + 1, units) into the slots' rows."""
        stored = flat[:, self.start : self.start + self.size].view(-1, *self.stored_shape)
        return stored.transpose(1, 2) if self.transposed else stored


class Layout:
    """The order of a slot's row: convolutions (kernel, bias, kernel, ...), the trunk's blocks, the heads' blocks.

    Heads of a single layer share one block, so that they need one product and not one each. Deeper heads are chains of
    blocks of their own.
    """

    def __init__(self, network: Architecture) -> None:
        self.network, self.convs = network, network.convs
        self.conv_size = self.size = sum(conv.parameters for conv in network.convs)
        self.trunk = self._chain([(layer,) for layer in network.trunk])
        if all(len(head) == 1 for head in network.heads):
            self.heads = [self._chain([tuple(head[0] for head in network.heads)])]
        else:
            self.heads = [self._chain([(layer,) for layer in head]) for head in network.heads]

    def _chain(self, layers: Sequence[tuple[Layer, ...]]) -> list[Block]:
        blocks = []
        for side_by_side in layers:
            blocks.append(Block(side_by_side, self.size))
            self.size += blocks[-1].size
        return blocks

    @property
    def blocks(self) -> list[Block]:
        """All dense blocks in the order of the row."""
        return [*self.trunk, *(block for head in self.heads for block in head)]

    def conv_views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Views into the slots' rows: kernels (slots, 3, 3, in, out), biases (slots, out).

        flat: (slots, at least ``conv_size``).
        """
        views, start = {}, 0
        for conv in self.convs:
            for part, shape in (("kernel", conv.kernel_shape), ("bias", (conv.units,))):
                views[f"{conv.name}/{part}"] = flat[:, start : start + math.prod(shape)].view(-1, *shape)
                start += math.prod(shape)
        return views

    def views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Every weight by its framework-neutral name, as a view (slots, ...) into the slots' rows."""
        views = self.conv_views(flat)
        for block in self.blocks:
            parts = block.matrix(flat).split([layer.units for layer in block.layers], dim=2)
            for layer, part in zip(block.layers, parts, strict=True):
                kernel = part[:, 0] if layer.kind == "norm" else part[:, :-1]
                views[f"{layer.name}/kernel"], views[f"{layer.name}/bias"] = kernel, part[:, -1]
        return views
