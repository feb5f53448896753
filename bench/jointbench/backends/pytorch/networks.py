"""A shared trunk and one head per output as an `nn.Module`, and its weights in the framework-neutral form."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from jointbench.backends.own_trunk import named_own_weights, own_weights
from jointbench.backends.pytorch.own_trunk import build_trunk
from jointbench.networks.architecture import Architecture
from jointbench.networks.dropout import kept_scale
from jointbench.networks.layers import NORM_EPSILON, Layer, run_layers
from jointbench.types import Weights

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
TensorMasks = Mapping[str, torch.Tensor]
"""By the name of a layer: (rows, units), 0 where a unit is dropped."""


class MultiOutputNetwork(nn.Module):
    """Convolutions with 2x2 max pooling (images only), a dense trunk, and a stack of dense layers per head.

    Takes (rows, features) or (rows, height, width, channels); returns raw answers, (rows, units) for each head. masks:
    of a training step with dropout, see ``networks.dropout``; None where nothing is dropped, as in serving. seed: of the initial weights of a user's own trunk, which stands in place of convolutions and trunk.
    """

    def __init__(self, network: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.own_trunk: nn.Module | None = None
        if network.own_trunk is not None:
            self.own_trunk = build_trunk(network.own_trunk, network.input_shape, seed)
        self.network, self.activation = network, ACTIVATIONS[network.activation]
        self.scale = kept_scale(network)
        self.convs = nn.ModuleList(nn.Conv2d(c.inputs, c.units, 3, padding="same") for c in network.convs)
        self.trunk = nn.ModuleList(map(_module, network.trunk))
        self.heads = nn.ModuleList(nn.ModuleList(map(_module, head)) for head in network.heads)
        modules: list[Any] = [*self.trunk, *itertools.chain(*self.heads)]
        dense = [*network.trunk, *itertools.chain(*network.heads)]
        self.dense = {layer.name: module for layer, module in zip(dense, modules, strict=True)}

    def features(self, rows: torch.Tensor, masks: TensorMasks | None = None) -> torch.Tensor:
        """The trunk's output, which every head reads: (rows, units)."""
        if self.own_trunk is not None:
            answer: torch.Tensor = self.own_trunk(rows)
            return answer
        hidden = rows
        if len(self.convs):
            hidden = rows.permute(0, 3, 1, 2)
            for conv in self.convs:
                hidden = torch.max_pool2d(self.activation(conv(hidden)), 2)
            # Flattened as (height, width, channels), as in Keras, so that the next kernel has the same row order.
            hidden = hidden.permute(0, 2, 3, 1).flatten(1)
        return self._chain(self.network.trunk, hidden, masks)

    def forward(self, rows: torch.Tensor, masks: TensorMasks | None = None) -> list[torch.Tensor]:
        shared = self.features(rows, masks)
        return [self._chain(head, shared, masks) for head in self.network.heads]

    def trunk_answers(self, hidden: torch.Tensor) -> list[torch.Tensor]:
        """The answers of the trunk's layers, each with what follows it. hidden: what the first one reads."""
        ends = range(1, len(self.network.trunk) + 1)
        return [self._chain(self.network.trunk[:end], hidden, None) for end in ends]

    def _chain(self, layers: Sequence[Layer], hidden: torch.Tensor, masks: TensorMasks | None) -> torch.Tensor:
        if not masks:
            return run_layers(layers, hidden, self._run, self.activation)

        def drop(layer: Layer, rows: torch.Tensor) -> torch.Tensor:
            return rows * (masks[layer.name].to(rows.dtype) * self.scale)

        return run_layers(layers, hidden, self._run, self.activation, drop)

    def _run(self, layer: Layer, rows: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.dense[layer.name](rows)
        return answer


def _module(layer: Layer) -> nn.Module:
    if layer.kind == "norm":
        return nn.LayerNorm(layer.units, eps=NORM_EPSILON)
    return nn.Linear(layer.inputs, layer.units)


def _turned(layer: Layer, kernel: torch.Tensor, axes: tuple[int, int, int, int]) -> torch.Tensor:
    """A kernel in the other form: PyTorch has units before inputs. axes: the order of a convolution's."""
    if layer.kind == "norm":
        return kernel
    return kernel.permute(axes) if layer.kind == "conv" else kernel.T


def _layers(network: Architecture, module: MultiOutputNetwork) -> Iterator[tuple[Layer, nn.Module]]:
    modules: list[nn.Module] = [*module.convs, *module.trunk]
    for head in module.heads:
        assert isinstance(head, nn.ModuleList)
        modules.extend(head)
    return zip(network.layers, modules, strict=True)


def build(
    network: Architecture, weights: Weights, device: str, dtype: torch.dtype, seed: int = 0
) -> MultiOutputNetwork:
    """The module with these weights copied in. seed: see ``MultiOutputNetwork``, where they have none of that trunk."""
    module = MultiOutputNetwork(network, seed).to(device=device, dtype=dtype)
    if module.own_trunk is not None and (own := own_weights(weights)):
        module.own_trunk.load_state_dict({name: torch.as_tensor(np.asarray(array)) for name, array in own.items()})
    with torch.no_grad():
        for layer, part in _layers(network, module):
            kernel = torch.as_tensor(np.asarray(weights[f"{layer.name}/kernel"]))
            assert isinstance(part, nn.Linear | nn.Conv2d | nn.LayerNorm)
            assert part.bias is not None
            part.weight.copy_(_turned(layer, kernel, (3, 2, 0, 1)))
            part.bias.copy_(torch.as_tensor(np.asarray(weights[f"{layer.name}/bias"])))
    return module


def read_weights(network: Architecture, module: MultiOutputNetwork) -> dict[str, npt.NDArray[np.floating]]:
    """The module's weights as {"<layer>/kernel": (in, out) or (3, 3, in, out), "<layer>/bias": (out,)}, and those of a
    user's own trunk by its own names."""
    state = {} if module.own_trunk is None else module.own_trunk.state_dict()
    own = {name: tensor.detach().clone().cpu().numpy() for name, tensor in state.items()}
    return _named_arrays(network, module, lambda parameter: parameter.detach()) | named_own_weights(own)


def read_gradients(network: Architecture, module: MultiOutputNetwork) -> dict[str, npt.NDArray[np.floating]]:
    """The gradients of the last backward pass, by weight name as in ``read_weights``; zeros where there are none."""
    return _named_arrays(network, module, lambda p: torch.zeros_like(p) if p.grad is None else p.grad.detach())


def _named_arrays(
    network: Architecture, module: MultiOutputNetwork, array_of: Callable[[torch.Tensor], torch.Tensor]
) -> dict[str, npt.NDArray[np.floating]]:
    arrays: dict[str, npt.NDArray[np.floating]] = {}
    for layer, part in _layers(network, module):
        assert isinstance(part, nn.Linear | nn.Conv2d | nn.LayerNorm)
        assert part.bias is not None
        kernel = array_of(part.weight)
        kernel = _turned(layer, kernel, (2, 3, 1, 0))
        for name, tensor in (("kernel", kernel), ("bias", array_of(part.bias))):
            # Cloned, because numpy would share the memory of a parameter that training goes on to change.
            arrays[f"{layer.name}/{name}"] = tensor.clone(memory_format=torch.contiguous_format).cpu().numpy()
    return arrays
