"""Fast adaptive multitask optimization (FAMO) in PyTorch, by TorchJD.

A step's total = c sum over outputs of  z log L,  with L the output's weighted loss, z = softmax(w) and c such that the
gradient is a convex combination of the outputs' gradients. After the step the losses of the same batch are computed
again (with the same dropout), and w takes an Adam step (rate 0.025, decay 0.001, as TorchJD has it) towards the outputs that fell least.
Liu, Feng, Stone & Liu, "FAMO: Fast Adaptive Multitask Optimization", NeurIPS 2023.

Limits: L must be above 0. An output without a label in a batch would have L = 0, whose logarithm takes nearly all of c; it
counts as L = 1 there, no skill, before and after: the step neither follows it nor moves its weight.
"""

from __future__ import annotations

import torch

from jointbench.backends.base import Job
from jointbench.backends.pytorch.training_loop import Batch, StockLoop


class FamoLoop(StockLoop):
    """The stock loop with logits of the outputs' weights, and a second pass forward in each step."""

    def __init__(self, job: Job, device: str) -> None:
        from torchjd.scalarization import FAMO

        super().__init__(job, device)
        self.famo = FAMO(len(job.loss_weights)).to(self.loss_weights)
        self.labelled = torch.ones_like(self.loss_weights, dtype=torch.bool)

    def step(self, rows: Batch) -> torch.Tensor:
        self.labelled = self.weights[rows.rows].sum(dim=0) > 0
        losses = super().step(rows)
        with torch.no_grad():
            self.famo.update(self._values(self.losses(rows.rows, rows.masks)))
        return losses

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = self.famo(self._values(losses))
        return total

    def _values(self, losses: torch.Tensor) -> torch.Tensor:
        return torch.where(self.labelled, losses * self.loss_weights, 1.0)
