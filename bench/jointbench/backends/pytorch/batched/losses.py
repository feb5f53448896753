"""The losses of a stack's outputs and their gradient. An output has one column, or one column per class.

Targets (classes as 0 and 1) and weights have the same columns as the raw answers a. So the gradient of every loss is
(predicted mean - target) x weight, where the mean is a for squared error, sigmoid(a) for binary and softmax(a) for
categorical cross-entropy. The absolute loss takes the sign of that difference; Huber's clips it at HUBER_DELTA.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch.nn import functional

from jointbench.backends.base import HUBER_DELTA, RegressionLoss
from jointbench.backends.pytorch.losses import regression_losses
from jointbench.networks.architecture import Architecture
from jointbench.types import Kind


@dataclass(frozen=True)
class _Run:
    """Neighbouring columns with one formula: outputs of one kind, or the classes of one output."""

    kind: Kind
    columns: slice
    outputs: int


def _runs(network: Architecture) -> list[_Run]:
    runs: list[_Run] = []
    start = 0
    for (kind, _), group in itertools.groupby(
        enumerate(network.kinds), key=lambda pair: (pair[1], pair[0] if pair[1] == "multiclass" else -1)
    ):
        heads = [head for head, _ in group]
        stop = start + sum(network.units[head] for head in heads)
        runs.append(_Run(kind, slice(start, stop), len(heads)))
        start = stop
    return runs


class StackedLosses:
    """Losses of any number of batches at once: tensors are (..., rows, columns), results (..., outputs)."""

    def __init__(self, network: Architecture, regression_loss: RegressionLoss = "squared") -> None:
        self.network, self.regression_loss = network, regression_loss
        self.runs = _runs(network)
        self.columns = sum(network.units)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """(..., outputs) to (..., columns): an output's value on each of its columns."""
        units = torch.tensor(self.network.units, device=values.device)
        return values.repeat_interleave(units, dim=-1, output_size=self.columns)

    def table(self, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """(rows, 2 x columns): the targets, with class codes as 0 and 1, then the weights."""
        parts = []
        for column, (kind, units) in enumerate(zip(self.network.kinds, self.network.units, strict=True)):
            target = targets[:, column]
            if kind == "multiclass":
                parts.append(functional.one_hot(target.long(), units).to(targets.dtype))
            else:
                parts.append(target.unsqueeze(1))
        return torch.cat([*parts, self.spread(weights)], dim=1)

    def shares(self, weights: torch.Tensor) -> torch.Tensor:
        """Each row's weight over the sum of its batch's, 0 where no row counts."""
        total = weights.sum(dim=-2, keepdim=True)
        return weights / total.masked_fill(~(total > 0), 1.0)  # `where` would copy the 1 to the device

    def means(self, raw: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """(..., outputs): each output's loss, averaged over the rows by their shares."""
        means = []
        for run in self.runs:
            answer, target, share = (part[..., run.columns] for part in (raw, targets, shares))
            if run.kind == "regression":
                loss = regression_losses(self.regression_loss, answer, target)
            elif run.kind == "binary":
                loss = functional.binary_cross_entropy_with_logits(answer, target, reduction="none")
            else:
                loss = -(torch.log_softmax(answer, dim=-1) * target).sum(dim=-1, keepdim=True)
                share = share[..., :1]
            means.append((loss * share).sum(dim=-2))
        return torch.cat(means, dim=-1)

    def factors(self, loss_weights: torch.Tensor) -> torch.Tensor:
        """(slots, columns): what multiplies (mean - target) x share: the loss weight, times 2 for a squared error."""
        squared = self.regression_loss == "squared"
        slopes = torch.tensor([2.0 if kind == "regression" and squared else 1.0 for kind in self.network.kinds])
        return self.spread(loss_weights * slopes.to(loss_weights))

    def differentiate(self, raw: torch.Tensor, targets: torch.Tensor, scale: torch.Tensor) -> None:
        """Turns raw answers, in place, into the gradient of the total loss. scale: shares x factors."""
        for run in self.runs:
            part = raw[..., run.columns]
            if run.kind == "binary":
                part.sigmoid_()
            elif run.kind == "multiclass":
                part.copy_(torch.softmax(part, dim=-1))
        raw.sub_(targets)
        if self.regression_loss != "squared":
            for run in self.runs:
                if run.kind == "regression":
                    part = raw[..., run.columns]
                    if self.regression_loss == "absolute":
                        part.copy_(part.sign())
                    else:
                        part.clamp_(-HUBER_DELTA, HUBER_DELTA)
        raw.mul_(scale)
