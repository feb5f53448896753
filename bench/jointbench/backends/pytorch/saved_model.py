"""The size of a trained network as its users save it: a file of its `state_dict`."""

from __future__ import annotations

import io

import torch

from jointbench.backends.pytorch.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights


def saved_bytes(network: Architecture, weights: Weights) -> int:
    """Bytes of the float32 `state_dict` as `torch.save` writes it."""
    buffer = io.BytesIO()
    torch.save(build(network, weights, "cpu", torch.float32).state_dict(), buffer)
    return buffer.tell()
