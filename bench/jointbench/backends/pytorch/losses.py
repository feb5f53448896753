"""The loss of each output, averaged over its weighted rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from jointbench.backends.base import HUBER_DELTA, RegressionLoss
from jointbench.types import Kind


def regression_losses(loss: RegressionLoss, answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Each element's loss: r^2, |r|, or Huber's (1964), which is r^2 / 2 up to HUBER_DELTA and linear beyond."""
    if loss == "squared":
        return (answer - target) ** 2
    if loss == "absolute":
        return (answer - target).abs()
    return functional.huber_loss(answer, target, reduction="none", delta=HUBER_DELTA)


def output_losses(
    kinds: Sequence[Kind],
    answers: Sequence[torch.Tensor],
    targets: torch.Tensor,
    weights: torch.Tensor,
    regression_loss: RegressionLoss,
) -> torch.Tensor:
    """(outputs,): each output's loss, sum(weight x loss) / sum(weight) over the rows, 0 if no row counts.

    answers: per output (rows, units), raw. targets, weights: (rows, outputs). The losses are the regression loss and
    binary and categorical cross-entropy from logits.
    """
    means = []
    for column, (kind, answer) in enumerate(zip(kinds, answers, strict=True)):
        target, weight = targets[:, column], weights[:, column]
        if kind == "regression":
            loss = regression_losses(regression_loss, answer[:, 0], target)
        elif kind == "binary":
            loss = functional.binary_cross_entropy_with_logits(answer[:, 0], target, reduction="none")
        else:
            loss = functional.cross_entropy(answer, target.long(), reduction="none")
        total = weight.sum()
        means.append((loss * weight).sum() / torch.where(total > 0, total, 1.0))
    return torch.stack(means)
