"""The PyTorch engine: one buffer of weights for a stack, batched products, a written-out gradient, fused updates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramSpec, ProgramStep
from jointbench.backends.pytorch.batched.network_stack import NetworkStack
from jointbench.backends.pytorch.batched.policy import Policy, policy_of
from jointbench.types import Weights


class BatchedProgram:
    """A stack on PyTorch. policy: the device's own, unless another one is given."""

    def __init__(self, spec: ProgramSpec, data: PackedData, device: str, policy: Policy | None = None) -> None:
        policy = policy or policy_of(device)
        self.stack = NetworkStack(spec, data, device, policy.convolutions)
        self.loop = policy.make_loop(self.stack, data)
        self.best_on_host: torch.Tensor | None = None

    @property
    def eager_reason(self) -> str | None:
        """Why a device's steps could not be captured as a graph; None where they could, or need not be."""
        return self.loop.eager_reason

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        self.best_on_host = None
        self.stack.load(slots, weights, loss_weights)
        self.loop.reset(slots)

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None = None) -> ProgramStep:
        self.best_on_host = None
        with torch.no_grad():
            return self.loop.advance(rows, meanwhile)

    def best(self, slot: int) -> list[dict[str, npt.NDArray[np.floating]]]:
        if self.best_on_host is None:  # in one copy for all slots that stopped in a call
            self.best_on_host = self.stack.best_flat.cpu()
        return self.stack.named(self.best_on_host[slot])

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self.stack.named(self.stack.flat[slot : slot + 1])[0]
