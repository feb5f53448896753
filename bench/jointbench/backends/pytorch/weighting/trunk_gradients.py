"""The loop of the methods that weigh the outputs' gradients of the shared trunk, in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch

from jointbench.backends.base import Job
from jointbench.backends.pytorch.losses import output_losses
from jointbench.backends.pytorch.training_loop import Batch, StockLoop

GramWeights = Callable[[torch.Tensor], torch.Tensor]
"""From the gradients' inner products, (outputs, outputs), to their weights, (outputs,)."""


class TrunkGradientsLoop(StockLoop):
    """The trunk descends a weighted sum of the outputs' gradients, each head its own output's gradient.

    method: makes the function from the gradients' inner products to their weights.
    """

    def __init__(self, job: Job, device: str, method: Callable[[torch.Tensor], GramWeights]) -> None:
        super().__init__(job, device)
        self.gram_weights = method(self.loss_weights)
        network = self.network
        own = [] if network.own_trunk is None else [p for p in network.own_trunk.parameters() if p.requires_grad]
        self.trunk = [*own, *network.convs.parameters(), *network.trunk.parameters()]
        self.heads = [list(head.parameters()) for head in network.heads]

    def step(self, rows: Batch) -> torch.Tensor:
        self.optimizer.zero_grad()
        losses = self.differentiate(rows)
        self.optimizer.step()
        return losses

    def differentiate(self, batch: Batch) -> torch.Tensor:
        """Sets the parameters' gradients; returns the losses, (outputs,)."""
        rows = batch.rows
        answers = self.network(self.features[rows], batch.masks)
        losses, gradients = [], []
        for output, head in enumerate(self.heads):
            # Each loss is computed alone: one taken from a stack of losses would send zeros through the other heads.
            only = slice(output, output + 1)
            loss = output_losses(
                self.job.architecture.kinds[only],
                answers[only],
                self.targets[rows, only],
                self.weights[rows, only],
                self.job.regression_loss,
            )
            losses.append(loss.detach())
            loss_gradients = torch.autograd.grad(
                (loss * self.loss_weights[only]).sum(),
                [*self.trunk, *head],
                retain_graph=output < len(self.heads) - 1,
                materialize_grads=True,
            )
            gradients.append([gradient.reshape(-1) for gradient in loss_gradients[: len(self.trunk)]])
            for parameter, gradient in zip(head, loss_gradients[len(self.trunk) :], strict=True):
                parameter.grad = gradient
        if self.trunk:
            self._set_trunk(torch.stack([torch.cat(parts) for parts in gradients]))
        return torch.cat(losses)

    def _set_trunk(self, jacobian: torch.Tensor) -> None:
        """jacobian: (outputs, parameters of the trunk)."""
        weights = self.gram_weights(jacobian @ jacobian.T)
        combined = (weights[None] @ jacobian)[0]
        for parameter, part in zip(self.trunk, combined.split([p.numel() for p in self.trunk]), strict=True):
            parameter.grad = part.view_as(parameter)
