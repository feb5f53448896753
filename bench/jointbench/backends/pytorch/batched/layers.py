"""Forward and backward pass of a stack of networks: batched products into buffers that are allocated once.

The gradient of dense layers is written out, because autograd allocates and costs more than the arithmetic of small
layers. Convolutions use autograd, whose overhead is small beside theirs.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from jointbench.backends.pytorch.batched.operations import StepMasks, backward, operations
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.networks import ACTIVATIONS
from jointbench.networks.architecture import Architecture


class StackedNetwork:
    """All slots' networks for batches of a fixed number of rows. flat: (slots, parameters), laid out by ``layout``."""

    def __init__(self, network: Architecture, layout: Layout, flat: torch.Tensor, rows: int) -> None:
        self.network, self.layout, self.flat = network, layout, flat
        slots, activation = len(flat), network.activation
        self.raw = flat.new_empty(slots, rows, sum(network.units))
        self.trunk = operations(layout.trunk, flat, rows, activation)
        self.heads, start = [], 0
        for head in layout.heads:
            units = head[-1].units
            raw = self.raw[..., start : start + units]
            self.heads.append(operations(head, flat, rows, activation, raw))
            start += units
        if network.convs:
            inputs = layout.blocks[0].inputs
            self.pixels = flat.new_ones(slots, rows, inputs + 1)
            self.pixels_gradient = flat.new_empty(slots, rows, inputs)

    def forward(self, rows: torch.Tensor, train: bool, masks: StepMasks | None = None) -> torch.Tensor:
        """Raw answers (slots, rows, all heads' units), in a buffer that the next call overwrites.

        rows: (slots, rows, features + 1) with a last column of ones, or images (slots, rows, height, width, channels).
        masks: of a training step with dropout.
        """
        hidden = self._convolved(rows, train) if self.network.convs else rows
        for operation in self.trunk:
            hidden = operation.forward(hidden, masks)
        for head in self.heads:
            answer = hidden
            for operation in head:
                answer = operation.forward(answer, masks)
        return self.raw

    def backward(self, out: torch.Tensor) -> None:
        """Writes the gradient of all parameters, (slots, parameters), to ``out``. That of the answers is in ``raw``."""
        below = self.trunk[-1].z if self.trunk else self.pixels_gradient if self.network.convs else None
        for i, head in enumerate(self.heads):
            backward(head, below, add=i > 0)
        backward(self.trunk, self.pixels_gradient if self.network.convs else None, add=False)
        parts = [part for chain in (self.trunk, *self.heads) for operation in chain for part in operation.gradients]
        if self.network.convs:
            parts.insert(0, torch.autograd.grad(self.maps, self.leaf, self.pixels_gradient)[0])
        # Each layer's product goes to a buffer of its own and is copied from there. PyTorch would multiply slot by slot
        # if it wrote into the slots' rows directly, because a layer's part of them is not contiguous.
        torch.cat(parts, dim=1, out=out)

    def _convolved(self, images: torch.Tensor, train: bool) -> torch.Tensor:
        """The convolutions' maps, flattened, with a column of ones.

        A loop over the slots: PyTorch's convolution is six times faster than one batched product over all slots' 3x3
        neighbourhoods and twice as fast as a grouped convolution.
        """
        activate = ACTIVATIONS[self.network.activation]
        with torch.set_grad_enabled(train):
            self.leaf = self.flat[:, : self.layout.conv_size].detach().requires_grad_(train)
            views = self.layout.conv_views(self.leaf)
            maps = []
            for slot, batch in enumerate(images):
                hidden = batch.permute(0, 3, 1, 2)
                for conv in self.network.convs:
                    kernel, bias = views[f"{conv.name}/kernel"][slot], views[f"{conv.name}/bias"][slot]
                    hidden = activate(functional.conv2d(hidden, kernel.permute(3, 2, 0, 1), bias, padding=1))
                    hidden = torch.max_pool2d(hidden, 2)
                maps.append(hidden.permute(0, 2, 3, 1).flatten(1))
            self.maps = torch.stack(maps)
        self.pixels[..., :-1] = self.maps.detach()
        return self.pixels
