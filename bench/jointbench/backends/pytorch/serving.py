"""Serving under `inference_mode`: networks in turn, fused into one program, or that program compiled.

How rows reach the device and answers come back is said by ``copies``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from types import FunctionType

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from jointbench.backends.fused import Group, StackedLayer, group_networks, split_answers
from jointbench.backends.pytorch.copies import Copies
from jointbench.backends.pytorch.networks import ACTIVATIONS, build
from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import NORM_EPSILON, Layer, run_layers
from jointbench.records import CopiedBytes
from jointbench.types import Float32Array, Weights

Program = Callable[[torch.Tensor], torch.Tensor]


class EagerServer:
    """An arm's networks called one after the other."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: Copies) -> None:
        self.modules = [build(network, weights, device, torch.float32).eval() for network, weights in networks]
        self.copies = copies

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        with torch.inference_mode():
            tensor = self.copies.to_device(rows)
            return self.copies.to_host([torch.cat(module(tensor), dim=1) for module in self.modules])

    @property
    def copied(self) -> CopiedBytes | None:
        return self.copies.copied


class FusedDense(nn.Module):
    """One dense layer of every network of a group.

    Takes (networks, rows, in), or (rows, in) that all networks share; returns (networks, rows, out), or (rows, out) of
    a single network with shared rows.
    """

    kernel: torch.Tensor
    bias: torch.Tensor
    flat_kernel: torch.Tensor
    flat_bias: torch.Tensor

    def __init__(self, layer: StackedLayer) -> None:
        super().__init__()
        kernel, bias = (torch.from_numpy(part) for part in layer)
        self.networks, inputs, self.units = kernel.shape
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias[:, None, :])
        self.register_buffer("flat_kernel", kernel.permute(1, 0, 2).reshape(inputs, -1).T.contiguous())
        self.register_buffer("flat_bias", bias.reshape(-1))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.dim() == 2:
            answer = nn.functional.linear(rows, self.flat_kernel, self.flat_bias)
            return answer if self.networks == 1 else answer.unflatten(1, (self.networks, self.units)).transpose(0, 1)
        return torch.baddbmm(self.bias, rows, self.kernel)


class FusedNorm(nn.Module):
    """One normalisation of every network of a group: of (networks, rows, units), or (rows, units) of a single one."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, layer: StackedLayer) -> None:
        super().__init__()
        scale, shift = (torch.from_numpy(part) for part in layer)
        self.units = [scale.shape[1]]
        self.register_buffer("scale", scale[:, None, :])
        self.register_buffer("shift", shift[:, None, :])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.dim() == 2:
            return nn.functional.layer_norm(rows, self.units, self.scale[0, 0], self.shift[0, 0], NORM_EPSILON)
        return torch.addcmul(
            self.shift, nn.functional.layer_norm(rows, self.units, None, None, NORM_EPSILON), self.scale
        )


class FusedGroup(nn.Module):
    """A group's networks as one program.

    Takes (rows, features) or images; returns (networks, rows, answers), or (rows, answers) of a single network.
    """

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[group.architecture.activation]
        self.networks = len(group.members)
        self.convs = nn.ModuleList(self._conv(layer, i) for i, layer in enumerate(group.convs))
        self.trunk = group.architecture.trunk
        self.dense = nn.ModuleDict(
            {
                layer.name: FusedNorm(group.dense[layer.name])
                if layer.kind == "norm"
                else FusedDense(group.dense[layer.name])
                for layer in (*self.trunk, *(layer for head, _ in group.heads for layer in head))
            }
        )
        empty = np.zeros_like(group.bias)
        self.hidden = [head for head, _ in group.heads]
        self.answers = nn.ModuleList(
            FusedDense((kernel, group.bias if i == 0 else empty)) for i, (_, kernel) in enumerate(group.heads)
        )

    def _conv(self, layer: StackedLayer, depth: int) -> nn.Conv2d:
        """All networks' kernels in one convolution. The first reads the image, later ones their network's channels."""
        kernels, biases = layer
        networks, _, _, inputs, units = kernels.shape
        shared = depth == 0
        conv = nn.Conv2d(
            inputs if shared else inputs * networks,
            units * networks,
            3,
            padding="same",
            groups=1 if shared else networks,
        )
        assert conv.bias is not None
        with torch.no_grad():
            conv.weight.copy_(torch.from_numpy(kernels).permute(0, 4, 3, 1, 2).flatten(0, 1))
            conv.bias.copy_(torch.from_numpy(biases).flatten())
        return conv

    def _run(self, layer: Layer, rows: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.dense[layer.name](rows)
        return answer

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        hidden = rows
        if len(self.convs):
            hidden = rows.permute(0, 3, 1, 2)
            for conv in self.convs:
                hidden = torch.max_pool2d(self.activation(conv(hidden)), 2)
            if self.networks == 1:
                hidden = hidden.permute(0, 2, 3, 1).flatten(1)
            else:
                hidden = hidden.unflatten(1, (self.networks, -1)).permute(1, 0, 3, 4, 2).flatten(2)
        hidden = run_layers(self.trunk, hidden, self._run, self.activation)
        total: torch.Tensor | None = None
        for layers, answer in zip(self.hidden, self.answers, strict=True):
            part = answer(run_layers(layers, hidden, self._run, self.activation))
            total = part if total is None else total + part
        assert total is not None
        return total


class FusedServer:
    """An arm's networks, as one batched program for each group."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: Copies) -> None:
        self.groups = group_networks(networks)
        self.programs: list[Program] = [FusedGroup(group).to(device).eval() for group in self.groups]
        self.copies = copies

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        with torch.inference_mode():
            tensor = self.copies.to_device(rows)
            answers = self.copies.to_host([program(tensor) for program in self.programs])
        by_group = [answer if answer.ndim == 3 else answer[None] for answer in answers]
        return list(split_answers(self.groups, by_group))

    @property
    def copied(self) -> CopiedBytes | None:
        return self.copies.copied

    def _examples(self, device: str) -> list[torch.Tensor]:
        """Two rows for each program, to compile it by."""
        return [torch.zeros((2, *group.architecture.input_shape), device=device) for group in self.groups]


class CompiledServer(FusedServer):
    """The fused programs traced and frozen by TorchScript, which needs no C++ compiler."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: Copies) -> None:
        super().__init__(networks, device, copies)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its successors need a compiler
            self.programs = [
                torch.jit.freeze(torch.jit.trace(program, example))
                for program, example in zip(self.programs, self._examples(device), strict=True)
            ]


class InductorServer(FusedServer):
    """The fused programs by `torch.compile`, for any number of rows; on CUDA each as a graph ("reduce-overhead").

    One row is a program of its own, as PyTorch takes a size of 1 for fixed. Both are compiled before the first request.
    """

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: Copies) -> None:
        super().__init__(networks, device, copies)
        self.replays_graphs = device != "cpu"
        self.programs = [
            partial(
                torch.compile(
                    _apart(FusedGroup.forward),
                    dynamic=True,
                    fullgraph=True,  # fails where it would otherwise go on uncompiled
                    mode="reduce-overhead" if self.replays_graphs else "default",
                ),
                program,
            )
            for program in self.programs
        ]
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the compiler would advise: TF32, say, whose answers differ
            for compiled, example in zip(self.programs, self._examples(device), strict=True):
                compiled(example)
                compiled(example[:1])

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        if self.replays_graphs:
            torch.compiler.cudagraph_mark_step_begin()  # the last request's answers were copied: they may be overwritten
        return super().__call__(rows)


def _apart(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A copy of the function. PyTorch keeps what it compiled beside a function's code, eight programs at the most, and
    looks through all of them in each call: networks of one class would share them."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__.replace(), function.__globals__)
