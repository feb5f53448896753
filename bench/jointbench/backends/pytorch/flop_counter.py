"""FLOPs by PyTorch's own counter, which the closed form is checked against."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from jointbench.backends.pytorch.losses import output_losses
from jointbench.backends.pytorch.networks import MultiOutputNetwork
from jointbench.networks.architecture import Architecture


def counted_flops(network: Architecture, batch_size: int) -> dict[str, int]:
    """FLOPs of one training step and of one prediction of ``batch_size`` rows (Linear and Conv2d, both passes)."""
    module = MultiOutputNetwork(network)
    rows = torch.zeros(batch_size, *network.input_shape)
    targets = torch.zeros(batch_size, len(network.heads))
    with FlopCounterMode(display=False) as train:
        output_losses(network.kinds, module(rows), targets, torch.ones_like(targets), "squared").sum().backward()
    with FlopCounterMode(display=False) as inference, torch.no_grad():
        module(rows)
    return {"train": train.get_total_flops(), "inference": inference.get_total_flops()}
