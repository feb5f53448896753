"""The activations of every layer of a trunk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from jointbench.backends.pytorch.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights


def activations(
    networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array, device: str
) -> list[list[Float32Array]]:
    """Per network and trunk layer, (rows, units).

    A convolution's map is taken after pooling and flattened as (height, width, channels).
    """
    tensor = torch.from_numpy(np.ascontiguousarray(rows, np.float32)).to(device)
    by_network = []
    for network, weights in networks:
        module = build(network, weights, device, torch.float32).eval()
        layers = []
        with torch.inference_mode():
            hidden = tensor
            if len(module.convs):
                hidden = hidden.permute(0, 3, 1, 2)
                for conv in module.convs:
                    hidden = torch.max_pool2d(module.activation(conv(hidden)), 2)
                    layers.append(hidden.permute(0, 2, 3, 1).flatten(1))
                hidden = layers[-1]
            layers += module.trunk_answers(hidden)
        by_network.append([layer.cpu().numpy() for layer in layers])
    return by_network
