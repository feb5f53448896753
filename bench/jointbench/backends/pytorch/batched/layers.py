"""Forward and backward pass of a stack of networks: batched products into buffers that are allocated once.

The gradient of dense layers is written out, because autograd allocates and costs more than the arithmetic of small
layers.
"""

from __future__ import annotations

import torch

from jointbench.backends.pytorch.batched.convolutions import MakeConvolutions
from jointbench.backends.pytorch.batched.operations import StepMasks, backward, operations
from jointbench.backends.pytorch.batched.parameters import Layout


class StackedNetwork:
    """All slots' networks for batches of a fixed number of rows. flat: (slots, parameters), laid out by ``layout``."""

    def __init__(self, layout: Layout, flat: torch.Tensor, rows: int, make_convolutions: MakeConvolutions) -> None:
        network = layout.network
        slots, activation = len(flat), network.activation
        self.raw = flat.new_empty(slots, rows, sum(network.units))
        self.trunk = operations(layout.trunk, flat, rows, activation)
        self.heads, start = [], 0
        for head in layout.heads:
            units = head[-1].units
            raw = self.raw[..., start : start + units]
            self.heads.append(operations(head, flat, rows, activation, raw))
            start += units
        self.convolutions = make_convolutions(network, layout, flat, rows) if network.convs else None
        if self.convolutions is not None:
            inputs = layout.blocks[0].inputs
            self.pixels = flat.new_ones(slots, rows, inputs + 1)
            self.pixels_gradient = flat.new_empty(slots, rows, inputs)

    def forward(self, rows: torch.Tensor, train: bool, masks: StepMasks | None = None) -> torch.Tensor:
        """Raw answers (slots, rows, all heads' units), in a buffer that the next call overwrites.

        rows: (slots, rows, features + 1) with a last column of ones, or images as the convolutions take them.
        masks: of a training step with dropout.
        """
        hidden = rows
        if self.convolutions is not None:
            self.pixels[..., :-1] = self.convolutions.forward(rows, train)
            hidden = self.pixels
        for operation in self.trunk:
            hidden = operation.forward(hidden, train, masks)
        for head in self.heads:
            answer = hidden
            for operation in head:
                answer = operation.forward(answer, train, masks)
        return self.raw

    def backward(self, out: torch.Tensor) -> None:
        """Writes the gradient of all parameters, (slots, parameters), to ``out``. That of the answers is in ``raw``."""
        pixels_gradient = None if self.convolutions is None else self.pixels_gradient
        below = self.trunk[-1].z if self.trunk else pixels_gradient
        for i, head in enumerate(self.heads):
            backward(head, below, add=i > 0)
        backward(self.trunk, pixels_gradient, add=False)
        parts = [part for chain in (self.trunk, *self.heads) for operation in chain for part in operation.gradients]
        if self.convolutions is not None:
            parts = [*self.convolutions.backward(self.pixels_gradient), *parts]
        # Each layer's product goes to a buffer of its own and is copied from there. PyTorch would multiply slot by slot
        # if it wrote into the slots' rows directly, because a layer's part of them is not contiguous.
        torch.cat(parts, dim=1, out=out)
