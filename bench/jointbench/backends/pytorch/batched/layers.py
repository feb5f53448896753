"""Forward and backward pass of a stack of networks: batched products into buffers that are allocated once.

The gradient of dense layers is written out, because autograd allocates and costs more than the arithmetic of small
layers. Convolutions use autograd, whose overhead is small beside theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from jointbench.backends.pytorch.batched.parameters import Block, Layout
from jointbench.backends.pytorch.networks import ACTIVATIONS
from jointbench.networks.architecture import Architecture


def _activate(name: str, z: torch.Tensor, out: torch.Tensor) -> None:
    if name == "relu":
        torch.clamp_min(z, 0, out=out)  # relu has no out=
    else:
        torch.tanh(z, out=out)


def _activate_backward(name: str, gradient: torch.Tensor, hidden: torch.Tensor) -> None:
    """gradient *= f'(z) in place, from h = f(z): [h > 0] for relu, 1 - h^2 for tanh."""
    if name == "relu":
        torch.ops.aten.threshold_backward.grad_input(gradient, hidden, 0, grad_input=gradient)
    else:
        torch.ops.aten.tanh_backward.grad_input(gradient, hidden, grad_input=gradient)


class Dense:
    """One block for batches of a fixed size: h = f(z), z = [x 1] K with K: (slots, inputs + 1, units).

    Every input has a last column of ones, so the bias is the last row of K and its gradient comes with the kernel's:
    dK = [x 1]^T dz. For the layer below, dx = dz K^T without the last row of K. ``output`` is [h 1], or z where there
    is no activation. z is not needed after h is computed, so its buffer takes dz in the backward pass.
    """

    def __init__(
        self, block: Block, flat: torch.Tensor, rows: int, activation: str | None, z: torch.Tensor | None = None
    ) -> None:
        slots = len(flat)
        self.activation, self.transposed = activation, block.transposed
        self.matrix = block.matrix(flat)
        self.kernel_transposed = self.matrix[:, :-1].transpose(1, 2)
        self.z = flat.new_empty(slots, rows, block.units) if z is None else z
        self.output = self.z if activation is None else flat.new_ones(slots, rows, block.units + 1)
        self.hidden = self.output[..., : block.units]
        self.stored_gradient = flat.new_empty(slots, *block.stored_shape)
        self.gradient = self.stored_gradient.flatten(1)
        self.dz_transposed = self.z.transpose(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[h 1] for x: (slots, rows, inputs + 1)."""
        self.x = x
        torch.bmm(x, self.matrix, out=self.z)
        if self.activation is not None:
            _activate(self.activation, self.z, self.hidden)
        return self.output

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        """Computes the gradient of K from that of h, which is in the buffer of z.

        dx: where the gradient of x goes, if it is needed. add: adds to ``dx`` instead of overwriting it.
        """
        if self.activation is not None:
            _activate_backward(self.activation, self.z, self.hidden)
        if self.transposed:
            torch.bmm(self.dz_transposed, self.x, out=self.stored_gradient)
        else:
            torch.bmm(self.x.transpose(1, 2), self.z, out=self.stored_gradient)
        if dx is not None and add:
            dx.baddbmm_(self.z, self.kernel_transposed)
        elif dx is not None:
            torch.bmm(self.z, self.kernel_transposed, out=dx)


class StackedNetwork:
    """All slots' networks for batches of a fixed number of rows. flat: (slots, parameters), laid out by ``layout``."""

    def __init__(self, network: Architecture, layout: Layout, flat: torch.Tensor, rows: int) -> None:
        self.network, self.layout, self.flat = network, layout, flat
        slots, activation = len(flat), network.activation
        self.raw = flat.new_empty(slots, rows, sum(network.units))
        self.trunk = [Dense(block, flat, rows, activation) for block in layout.trunk]
        self.heads, start = [], 0
        for head in layout.heads:
            units = head[-1].units
            chain = [Dense(block, flat, rows, activation) for block in head[:-1]]
            self.heads.append([*chain, Dense(head[-1], flat, rows, None, self.raw[..., start : start + units])])
            start += units
        if network.convs:
            inputs = layout.blocks[0].inputs
            self.pixels = flat.new_ones(slots, rows, inputs + 1)
            self.pixels_gradient = flat.new_empty(slots, rows, inputs)

    def forward(self, rows: torch.Tensor, train: bool) -> torch.Tensor:
        """Raw answers (slots, rows, all heads' units), in a buffer that the next call overwrites.

        rows: (slots, rows, features + 1) with a last column of ones, or images (slots, rows, height, width, channels).
        """
        hidden = self._convolved(rows, train) if self.network.convs else rows
        for dense in self.trunk:
            hidden = dense.forward(hidden)
        for head in self.heads:
            answer = hidden
            for dense in head:
                answer = dense.forward(answer)
        return self.raw

    def backward(self, out: torch.Tensor) -> None:
        """Writes the gradient of all parameters, (slots, parameters), to ``out``. That of the answers is in ``raw``."""
        below = self.trunk[-1].z if self.trunk else self.pixels_gradient if self.network.convs else None
        for i, head in enumerate(self.heads):
            _backward(head, below, add=i > 0)
        _backward(self.trunk, self.pixels_gradient if self.network.convs else None, add=False)
        parts = [dense.gradient for chain in (self.trunk, *self.heads) for dense in chain]
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


def _backward(chain: Sequence[Dense], below: torch.Tensor | None, add: bool) -> None:
    """The backward pass of a chain of layers. below: where the gradient of its input goes."""
    for i in reversed(range(len(chain))):
        chain[i].backward(chain[i - 1].z if i else below, add=add and i == 0)
