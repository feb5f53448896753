"""A trained network as the file that people keep: its `state_dict`."""

from __future__ import annotations

import io

import torch

from jointbench.backends.pytorch.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights


def saved_bytes(network: Architecture, weights: Weights) -> int:
    """Bytes that `torch.save` writes for the module's `state_dict`, float32."""
    buffer = io.BytesIO()
    torch.save(build(network, weights, "cpu", torch.float32).state_dict(), buffer)
    return buffer.tell()
