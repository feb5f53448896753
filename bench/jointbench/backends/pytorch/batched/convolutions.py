"""The convolutions of a stack, forward and backward: slot by slot through autograd, or all slots in one product.

PyTorch's convolution on the processor is six times faster than one batched product over all slots' 3x3 neighbourhoods
and twice as fast as a grouped convolution, so there every slot has its own. An accelerator needs few large kernels, and
kernels that a graph can hold, which autograd's are not: there the products are written out, into buffers allocated once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch.nn import functional

from jointbench.backends.pytorch.batched.operations import activate, activate_backward
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.networks import ACTIVATIONS
from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import KERNEL, Layer

MARGIN = KERNEL // 2  # zeros around an image, so that the answer has its size
WINDOW = 2  # of the pooling after each convolution


class Convolutions(Protocol):
    """The convolutions of all slots, each followed by the activation and by max pooling.

    margin: how many zeros the images have on every side when they come.
    """

    margin: int

    def forward(self, images: torch.Tensor, train: bool) -> torch.Tensor:
        """The last maps, flattened: (slots, rows, features). images: (slots, rows, height, width, channels)."""
        ...

    def backward(self, gradient: torch.Tensor) -> list[torch.Tensor]:
        """The gradient of the parameters in the order of a slot's row, from that of the answer of the last ``forward``
        with ``train``."""
        ...


MakeConvolutions = Callable[[Architecture, Layout, torch.Tensor, int], Convolutions]
"""For a network of this layout, with these parameters (slots, parameters), on batches of so many rows."""


class SlotConvolutions:
    """Each slot's convolutions by themselves, differentiated by autograd, whose overhead is small beside theirs."""

    margin = 0

    def __init__(self, network: Architecture, layout: Layout, flat: torch.Tensor, rows: int) -> None:
        self.network, self.layout, self.flat = network, layout, flat

    def forward(self, images: torch.Tensor, train: bool) -> torch.Tensor:
        activation = ACTIVATIONS[self.network.activation]
        with torch.set_grad_enabled(train):
            self.leaf = self.flat[:, : self.layout.conv_size].detach().requires_grad_(train)
            views = self.layout.conv_views(self.leaf)
            maps = []
            for slot, batch in enumerate(images):
                hidden = batch.permute(0, 3, 1, 2)
                for conv in self.network.convs:
                    kernel, bias = views[f"{conv.name}/kernel"][slot], views[f"{conv.name}/bias"][slot]
                    hidden = activation(functional.conv2d(hidden, kernel.permute(3, 2, 0, 1), bias, padding=MARGIN))
                    hidden = torch.max_pool2d(hidden, WINDOW)
                maps.append(hidden.permute(0, 2, 3, 1).flatten(1))
            self.maps = torch.stack(maps)
        return self.maps.detach()

    def backward(self, gradient: torch.Tensor) -> list[torch.Tensor]:
        return [torch.autograd.grad(self.maps, self.leaf, gradient)[0]]


class StackConvolutions:
    """All slots' convolutions at once, one after the other, with written-out gradients."""

    margin = MARGIN

    def __init__(self, network: Architecture, layout: Layout, flat: torch.Tensor, rows: int) -> None:
        self.layers: list[_StackConvolution] = []
        height, width, _ = network.input_shape
        start = 0
        for place, conv in enumerate(network.convs):
            self.layers.append(
                _StackConvolution(conv, flat, start, (rows, height, width), network.activation, first=place == 0)
            )
            start += conv.parameters
            height, width = height // WINDOW, width // WINDOW

    def forward(self, images: torch.Tensor, train: bool) -> torch.Tensor:
        padded = images
        for layer, following in zip(self.layers, [*self.layers[1:], None], strict=True):
            maps = layer.forward(padded)
            if following is not None:
                following.inner.copy_(maps)
                padded = following.padded
        return maps.flatten(2)

    def backward(self, gradient: torch.Tensor) -> list[torch.Tensor]:
        maps_gradient = gradient.view(self.layers[-1].pooled.shape)
        for layer in reversed(self.layers):
            layer.backward(maps_gradient)
            if not layer.first:
                maps_gradient = layer.images_gradient
        return [layer.stored_gradient.flatten(1) for layer in self.layers]


class _StackConvolution:
    """One convolution, its activation and its pooling: a = f([patches 1] K), then the largest of each window of a.

    K is (slots, 9 inputs + 1, units), a kernel and its bias as they lie in a slot's row. dK = [patches 1]^T dz. The
    gradient of the images is a convolution too, of dz with the kernel turned by half a circle. With ``first`` nothing is
    below that would need it. Pooling keeps the place of the first of equal values, as PyTorch's does alone.
    """

    def __init__(
        self, conv: Layer, flat: torch.Tensor, start: int, size: tuple[int, int, int], activation: str, *, first: bool
    ) -> None:
        slots, (rows, height, width) = len(flat), size
        self.activation, self.first, window = activation, first, KERNEL * KERNEL
        places = rows * height * width
        self.matrix = flat[:, start : start + conv.parameters].view(slots, window * conv.inputs + 1, conv.units)
        self.kernel = self.matrix[:, :-1].view(slots, KERNEL, KERNEL, conv.inputs, conv.units)
        self.patches = flat.new_ones(slots, places, window * conv.inputs + 1)
        self.z = flat.new_empty(slots, places, conv.units)
        self.hidden = torch.empty_like(self.z)
        self.pooled = flat.new_empty(slots, rows, height // WINDOW, width // WINDOW, conv.units)
        self.places = torch.empty(self.pooled.shape, dtype=torch.long, device=flat.device)
        self.stored_gradient = torch.empty_like(self.matrix, memory_format=torch.contiguous_format)
        self.maps = self.hidden.view(slots, rows, height, width, conv.units)
        if not first:
            self.padded = flat.new_zeros(slots, rows, height + 2 * MARGIN, width + 2 * MARGIN, conv.inputs)
            self.inner = _inner(self.padded)
            self.images_gradient = flat.new_empty(slots, rows, height, width, conv.inputs)
            self.padded_dz = flat.new_zeros(slots, rows, height + 2 * MARGIN, width + 2 * MARGIN, conv.units)
            self.dz_patches = flat.new_empty(slots, places, window * conv.units)
            self.turned = flat.new_empty(slots, KERNEL, KERNEL, conv.units, conv.inputs)

    def forward(self, padded: torch.Tensor) -> torch.Tensor:
        """The pooled maps, (slots, rows, height, width, units). padded: images with their margin."""
        _patches(padded, self.patches[..., :-1])
        torch.bmm(self.patches, self.matrix, out=self.z)
        activate(self.activation, self.z, self.hidden)
        torch.ops.aten.max_pool2d_with_indices.out(
            _channels_second(self.maps),
            [WINDOW, WINDOW],
            [WINDOW, WINDOW],
            out=_channels_second(self.pooled),
            indices=_channels_second(self.places),
        )
        return self.pooled

    def backward(self, gradient: torch.Tensor) -> None:
        """Computes the gradients of K, and of the images where a layer is below, from that of the pooled maps."""
        dz = self.z.view(self.maps.shape)
        torch.ops.aten.max_pool2d_with_indices_backward.grad_input(
            _channels_second(gradient),
            _channels_second(self.maps),
            [WINDOW, WINDOW],
            [WINDOW, WINDOW],
            [0, 0],
            [1, 1],
            False,
            _channels_second(self.places),
            grad_input=_channels_second(dz),
        )
        activate_backward(self.activation, self.z, self.hidden)
        torch.bmm(self.patches.transpose(1, 2), self.z, out=self.stored_gradient)
        if self.first:
            return
        _inner(self.padded_dz).copy_(dz)
        _patches(self.padded_dz, self.dz_patches)
        self.turned.copy_(self.kernel.flip(1, 2).transpose(3, 4))
        slots, places, columns = self.dz_patches.shape
        torch.bmm(
            self.dz_patches,
            self.turned.view(slots, columns, -1),
            out=self.images_gradient.view(slots, places, -1),
        )


def _inner(padded: torch.Tensor) -> torch.Tensor:
    """The images without their margin."""
    return padded[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def _patches(padded: torch.Tensor, out: torch.Tensor) -> None:
    """Writes every place's neighbourhood, row by row, channels last, to ``out``: (slots, places, 9 channels)."""
    slots, rows, height, width, channels = padded.shape
    by_slot, by_row, by_line, by_column, _ = padded.stride()
    size = (slots, rows, height - 2 * MARGIN, width - 2 * MARGIN, KERNEL, KERNEL * channels)
    # the columns of a neighbourhood's line are neighbours in memory, and so are their channels
    neighbourhoods = padded.as_strided(size, (by_slot, by_row, by_line, by_column, by_line, 1))
    out.unflatten(1, size[1:4]).unflatten(-1, size[4:]).copy_(neighbourhoods)


def _channels_second(maps: torch.Tensor) -> torch.Tensor:
    """(slots, rows, height, width, channels) as PyTorch's pooling takes it: (slots x rows, channels, height, width)."""
    return maps.flatten(0, 1).permute(0, 3, 1, 2)
