"""What layers of a stack compute, forward and backward: batched products and elementwise work, into buffers that are
allocated once.

Each operation has ``output``, what its forward pass returns; ``z``, the buffer that takes the gradient of its answer,
(slots, rows, units), before its backward pass; and ``gradients``, those of its parameters in the order of a slot's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch

from jointbench.backends.pytorch.batched.parameters import Block
from jointbench.networks.layers import NORM_EPSILON

StepMasks = Mapping[str, torch.Tensor]
"""By the name of a layer: (slots, rows, units), what each unit is multiplied by in this step."""


class Operation(Protocol):
    """One operation of a chain."""

    z: torch.Tensor
    gradients: list[torch.Tensor]

    def forward(self, x: torch.Tensor, train: bool, masks: StepMasks | None) -> torch.Tensor:
        """The answer for x, (slots, rows, units), followed by a column of ones where a product may read it.

        train: whether ``backward`` follows. masks: of a training step with dropout, None where nothing is dropped.
        """
        ...

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        """Computes the parameters' gradients from that of the answer, which is in ``z``.

        dx: where the gradient of x goes, if it is needed. add: adds to ``dx`` instead of overwriting it.
        """
        ...


def activate(name: str, z: torch.Tensor, out: torch.Tensor) -> None:
    if name == "relu":
        torch.clamp_min(z, 0, out=out)  # relu has no out=
    else:
        torch.tanh(z, out=out)


def activate_backward(name: str, gradient: torch.Tensor, hidden: torch.Tensor) -> None:
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
        self.gradients = [self.stored_gradient.flatten(1)]
        self.dz_transposed = self.z.transpose(1, 2)

    def forward(self, x: torch.Tensor, train: bool, masks: StepMasks | None) -> torch.Tensor:
        """[h 1] for x: (slots, rows, inputs + 1)."""
        self.x = x
        torch.bmm(x, self.matrix, out=self.z)
        if self.activation is not None:
            activate(self.activation, self.z, self.hidden)
        return self.output

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        """Computes the gradient of K from that of h, which is in the buffer of z."""
        if self.activation is not None:
            activate_backward(self.activation, self.z, self.hidden)
        if self.transposed:
            torch.bmm(self.dz_transposed, self.x, out=self.stored_gradient)
        else:
            torch.bmm(self.x.transpose(1, 2), self.z, out=self.stored_gradient)
        if dx is not None and add:
            dx.baddbmm_(self.z, self.kernel_transposed)
        elif dx is not None:
            torch.bmm(self.z, self.kernel_transposed, out=dx)


class Norm:
    """A layer normalisation with its scale and shift, and the activation after it where there is one.

    y = f(n s + t), where n is a row of x with mean 0 and variance 1. The gradient of n goes through PyTorch's own kernel.
    """

    def __init__(self, block: Block, flat: torch.Tensor, rows: int, activation: str | None) -> None:
        slots, units = len(flat), block.units
        self.activation, self.units = activation, [units]
        matrix = block.matrix(flat)
        self.scale, self.shift = matrix[:, :1], matrix[:, 1:]
        self.output = flat.new_ones(slots, rows, units + 1)
        self.hidden = self.output[..., :units]
        self.z = flat.new_empty(slots, rows, units)
        self.stored_gradient = flat.new_empty(slots, 2, units)
        self.gradients = [self.stored_gradient.flatten(1)]
        self.saved: tuple[torch.Tensor, ...] | None = None

    def forward(self, x: torch.Tensor, train: bool, masks: StepMasks | None) -> torch.Tensor:
        x = x[..., : self.units[0]].contiguous()
        normalised, mean, rstd = torch.native_layer_norm(x, self.units, None, None, NORM_EPSILON)
        torch.addcmul(self.shift, normalised, self.scale, out=self.hidden)
        if self.activation is not None:
            activate(self.activation, self.hidden, self.hidden)
        self.saved = (x, normalised, mean, rstd) if train else None
        return self.output

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        assert self.saved is not None
        x, normalised, mean, rstd = self.saved
        self.saved = None  # nothing that a step allocates outlives it
        if self.activation is not None:
            activate_backward(self.activation, self.z, self.hidden)
        torch.sum(self.z * normalised, dim=1, out=self.stored_gradient[:, 0])
        torch.sum(self.z, dim=1, out=self.stored_gradient[:, 1])
        if dx is None:
            return
        (gradient, *_) = torch.ops.aten.native_layer_norm_backward(
            self.z * self.scale, x, self.units, mean, rstd, None, None, [True, False, False]
        )
        if add:
            dx.add_(gradient)
        else:
            dx.copy_(gradient)  # the buffer may be that of x, which has been read


class Drop:
    """Dropout: the answer of the layer of this name, times its mask."""

    def __init__(self, name: str, units: int, flat: torch.Tensor, rows: int) -> None:
        self.name, self.units = name, units
        self.output = flat.new_ones(len(flat), rows, units + 1)
        self.z = flat.new_empty(len(flat), rows, units)
        self.gradients: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, train: bool, masks: StepMasks | None) -> torch.Tensor:
        if masks is None:
            return x
        self.mask = masks[self.name]
        torch.mul(x[..., : self.units], self.mask, out=self.output[..., : self.units])
        return self.output

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        if dx is None:
            return
        if add:
            dx.addcmul_(self.z, self.mask)
        else:
            torch.mul(self.z, self.mask, out=dx)


class Residual:
    """A block: what it reads, plus the answer of its branch."""

    def __init__(self, branch: Sequence[Operation], flat: torch.Tensor, rows: int, units: int) -> None:
        self.branch, self.units = branch, units
        self.output = self.z = flat.new_empty(len(flat), rows, units)
        self.gradients = [gradient for operation in branch for gradient in operation.gradients]

    def forward(self, x: torch.Tensor, train: bool, masks: StepMasks | None) -> torch.Tensor:
        answer = x
        for operation in self.branch:
            answer = operation.forward(answer, train, masks)
        return torch.add(x, answer[..., : self.units], out=self.output)

    def backward(self, dx: torch.Tensor | None, add: bool) -> None:
        self.branch[-1].z.copy_(self.z)
        backward(self.branch, dx, add=add)
        if dx is not None:
            dx.add_(self.z)


def operations(
    blocks: Sequence[Block], flat: torch.Tensor, rows: int, activation: str, raw: torch.Tensor | None = None
) -> list[Operation]:
    """The operations of a chain of blocks. raw: where the last one's answers go."""
    chain: list[Operation] = []
    before: list[Operation] = []  # a block, while its branch is built
    for place, block in enumerate(blocks):
        layer = block.layers[0]
        if layer.opens:
            chain, before = [], chain
        active = activation if layer.then[:1] == ("activate",) else None
        if layer.kind == "norm":
            chain.append(Norm(block, flat, rows, active))
        else:
            chain.append(Dense(block, flat, rows, active, raw if place == len(blocks) - 1 else None))
        for follower in layer.then:
            if follower == "drop":
                chain.append(Drop(layer.name, block.units, flat, rows))
            elif follower == "add":
                chain = [*before, Residual(chain, flat, rows, block.units)]
    return chain


def backward(chain: Sequence[Operation], below: torch.Tensor | None, add: bool) -> None:
    """The backward pass of a chain of layers. below: where the gradient of its input goes."""
    for i in reversed(range(len(chain))):
        chain[i].backward(chain[i - 1].z if i else below, add=add and i == 0)
