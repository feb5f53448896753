"""A trained network as its users save it: the size of its `state_dict`, and TorchScript for a service."""

from __future__ import annotations

import io
import warnings

import torch

from jointbench.backends.pytorch.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights


def saved_bytes(network: Architecture, weights: Weights) -> int:
    """Bytes of the float32 `state_dict` as `torch.save` writes it."""
    buffer = io.BytesIO()
    torch.save(build(network, weights, "cpu", torch.float32).state_dict(), buffer)
    return buffer.tell()


def exported(network: Architecture, weights: Weights) -> bytes:
    """TorchScript: (rows, ...) float32 to a list of raw answers, one for each head."""
    module = build(network, weights, "cpu", torch.float32).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PyTorch advises torch.compile, which writes no file
        torch.jit.save(torch.jit.trace(module, torch.zeros((2, *network.input_shape)), strict=False), buffer)
    return buffer.getvalue()
