"""Uncertainty weighting in PyTorch.

total = sum over outputs of  f exp(-s) L + s / 2,  with L the output's weighted loss, s its log variance, f 1/2 for a
regression and 1 for classes. Each s starts at 0 and is trained by the network's own optimiser, without weight decay.
Kendall, Gal & Cipolla, CVPR 2018. (TorchJD's ``UW`` has f = 1/2 for every output; the tests hold this one to it there.)

Limits: a batch without a label of an output has L = 0 and lowers its s, which raises the output's weight.
"""

from __future__ import annotations

import torch
from torch import nn

from jointbench.backends.base import Job
from jointbench.backends.pytorch.training_loop import StockLoop
from jointbench.backends.weighting.uncertainty import precision_factors


class UncertaintyLoop(StockLoop):
    """The stock loop with a log variance for each output."""

    def __init__(self, job: Job, device: str) -> None:
        super().__init__(job, device)
        self.log_variance = nn.Parameter(torch.zeros_like(self.loss_weights))
        self.precision = torch.as_tensor(precision_factors(job)).to(self.loss_weights)
        self.optimizer.add_param_group({"params": [self.log_variance], "weight_decay": 0.0})

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        weighted = losses * self.loss_weights
        return (self.precision * torch.exp(-self.log_variance) * weighted + self.log_variance / 2).sum()
