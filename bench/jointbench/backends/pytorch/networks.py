"""A shared trunk and one head per output as an `nn.Module`, and its weights in the framework-neutral form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from jointbench.backends.own_trunk import named_own_weights, own_weights
from jointbench.backends.pytorch.own_trunk import build_trunk
from jointbench.networks.architecture import Architecture, Layer
from jointbench.types import Weights

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


class MultiOutputNetwork(nn.Module):
    """Convolutions with 2x2 max pooling (images only), a dense trunk, and a stack of dense layers per head.

    Takes (rows, features) or (rows, height, width, channels); returns raw answers, (rows, units) for each head.
    seed: of the initial weights of a user's own trunk, which stands in place of convolutions and trunk.
    """

    def __init__(self, network: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.own_trunk: nn.Module | None = None
        if network.own_trunk is not None:
            self.own_trunk = build_trunk(network.own_trunk, network.input_shape, seed)
        self.activation = ACTIVATIONS[network.activation]
        self.convs = nn.ModuleList(nn.Conv2d(c.inputs, c.units, 3, padding="same") for c in network.convs)
        self.trunk = nn.ModuleList(nn.Linear(layer.inputs, layer.units) for layer in network.trunk)
        self.heads = nn.ModuleList(
            nn.ModuleList(nn.Linear(layer.inputs, layer.units) for layer in head) for head in network.heads
        )

    def features(self, rows: torch.Tensor) -> torch.Tensor:
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
        for layer in self.trunk:
            hidden = self.activation(layer(hidden))
        return hidden

    def forward(self, rows: torch.Tensor) -> list[torch.Tensor]:
        shared = self.features(rows)
        answers = []
        for head in self.heads:
            assert isinstance(head, nn.ModuleList)
            hidden = shared
            for layer in head[:-1]:
                hidden = self.activation(layer(hidden))
            answers.append(head[-1](hidden))
        return answers


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
            assert isinstance(part, nn.Linear | nn.Conv2d)
            assert part.bias is not None
            part.weight.copy_(kernel.T if layer.kind == "dense" else kernel.permute(3, 2, 0, 1))
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
        assert isinstance(part, nn.Linear | nn.Conv2d)
        assert part.bias is not None
        kernel = array_of(part.weight)
        kernel = kernel.T if layer.kind == "dense" else kernel.permute(2, 3, 1, 0)
        for name, tensor in (("kernel", kernel), ("bias", array_of(part.bias))):
            # Cloned, because numpy would share the memory of a parameter that training goes on to change.
            arrays[f"{layer.name}/{name}"] = tensor.clone(memory_format=torch.contiguous_format).cpu().numpy()
    return arrays
