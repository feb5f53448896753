"""Which servers PyTorch has on a device, and why it lacks the others."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Sequence

import torch

from jointbench.backends.base import Server
from jointbench.backends.onnx_runtime.serving import SessionServer
from jointbench.backends.onnx_runtime.serving import unavailable_reason as onnx_unavailable_reason
from jointbench.backends.pytorch.copies import Copies, SharedMemory, StagedCopies
from jointbench.backends.pytorch.device_serving import CopyServer, GraphServer
from jointbench.backends.pytorch.serving import CompiledServer, EagerServer, FusedServer, InductorServer
from jointbench.networks.architecture import Architecture
from jointbench.records import COPIES, CUDA_GRAPH, FUSED, SEQUENTIAL, TORCH_COMPILE, ExecutionMode
from jointbench.types import Weights

Networks = Sequence[tuple[Architecture, Weights]]
ANYWHERE: dict[ExecutionMode, Callable[[Networks, str, Copies], Server]] = {
    SEQUENTIAL: EagerServer,
    FUSED: FusedServer,
    "compiled": CompiledServer,
    TORCH_COMPILE: InductorServer,
}
STAGED: dict[ExecutionMode, Callable[[Networks, str, StagedCopies], Server]] = {
    CUDA_GRAPH: GraphServer,
    COPIES: CopyServer,
}
NOT_ON_THE_CPU: dict[ExecutionMode, str] = {
    CUDA_GRAPH: "a CUDA graph needs a CUDA device",
    COPIES: "on the CPU nothing is copied",
}


class Servers:
    """Makes the servers of one device, which copy through the same memory."""

    def __init__(self, device: str) -> None:
        self.device, self.staged = device, StagedCopies(device)
        self.copies: Copies = SharedMemory() if device == "cpu" else self.staged

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        """Why this PyTorch cannot serve in this mode; None where it can."""
        if mode == "onnx":
            return onnx_unavailable_reason(self.device)
        if self.device == "cpu" and mode in NOT_ON_THE_CPU:
            return NOT_ON_THE_CPU[mode]
        if mode == TORCH_COMPILE:
            return inductor_unavailable_reason(self.device)
        return None if mode in ANYWHERE or mode in STAGED else f"PyTorch has no `{mode}`"

    def make(self, networks: Networks, mode: ExecutionMode) -> Server:
        if mode == "onnx":
            return SessionServer(networks, torch.get_num_threads())
        if mode in STAGED:
            return STAGED[mode](networks, self.device, self.staged)
        return ANYWHERE[mode](networks, self.device, self.copies)


def inductor_unavailable_reason(device: str) -> str | None:
    """Why `torch.compile` cannot make programs for the device; None where it can, or where only trying it tells."""
    if device != "cpu":
        missing = importlib.util.find_spec("triton") is None
        return "`torch.compile` needs Triton, which is not installed (pip install triton)" if missing else None
    compilers = (os.environ.get("CXX") or "g++", "g++", "clang++")
    found = any(shutil.which(compiler) for compiler in compilers)
    return None if found else "`torch.compile` needs a C++ compiler, and there is no g++ or clang++ here"
