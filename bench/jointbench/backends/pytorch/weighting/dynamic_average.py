"""Dynamic weight average (DWA) in PyTorch.

An epoch's total = sum over outputs of  w L,  with L the output's weighted loss and w = outputs x softmax(r / 2), r the
quotient of its mean training losses in the two epochs before; w = 1 in the first two. No parameters are trained.
Liu, Johns & Davison, CVPR 2019. (The same as TorchJD's ``DWA``, to which the tests hold it; it needs no package.)

Limits: the mean loss of a small table's epoch is noisy, and so are the weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from jointbench.backends.base import Job
from jointbench.backends.pytorch.training_loop import Batch, StockLoop
from jointbench.backends.weighting.dynamic_average import UNWEIGHED, dynamic_weights
from jointbench.types import FloatArray


class DynamicAverageLoop(StockLoop):
    """The stock loop with a factor on each output's loss, set anew before each epoch."""

    def __init__(self, job: Job, device: str) -> None:
        super().__init__(job, device)
        self.weights_now = self.loss_weights
        self.of_epoch: list[torch.Tensor] = []
        self.means: list[FloatArray] = []

    def batches(self, epoch: int) -> Iterator[Batch]:
        if self.of_epoch:
            self.means = [*self.means, self.mean(self.of_epoch)][-UNWEIGHED:]
            self.of_epoch = []
            factors = torch.as_tensor(dynamic_weights(np.array(self.means))).to(self.loss_weights)
            self.weights_now = self.loss_weights * factors
        return super().batches(epoch)

    def step(self, rows: Batch) -> torch.Tensor:
        losses = super().step(rows)
        self.of_epoch.append(losses)
        return losses

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        return losses @ self.weights_now
