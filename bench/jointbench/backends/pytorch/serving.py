"""Trained networks answering requests: eager modules under `inference_mode`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.architecture import Architecture
from jointbench.backends.pytorch.networks import build
from jointbench.types import Float32Array, Weights


class EagerServer:
    """An arm's networks called one after the other, from numpy to numpy (which waits for the device)."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str) -> None:
        self.modules = [build(network, weights, device, torch.float32).eval() for network, weights in networks]
        self.device = device

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        with torch.inference_mode():
            tensor = torch.from_numpy(rows).to(self.device)
            return [torch.cat(module(tensor), dim=1).cpu().numpy() for module in self.modules]
