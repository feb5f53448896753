"""The loss of each output, averaged over its weighted rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from jointbench.types import Kind


def output_losses(
    kinds: Sequence[Kind], answers: Sequence[torch.Tensor], targets: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """(outputs,): each output's loss, sum(weight x loss) / sum(weight) over the rows, 0 if no row counts.

    answers: per output (rows, units), raw. targets, weights: (rows, outputs). Mean squared error, binary and
    categorical cross-entropy from logits.
    """
    means = []
    for column, (kind, answer) in enumerate(zip(kinds, answers, strict=True)):
        target, weight = targets[:, column], weights[:, column]
        if kind == "regression":
            loss = (answer[:, 0] - target) ** 2
        elif kind == "binary":
            loss = functional.binary_cross_entropy_with_logits(answer[:, 0], target, reduction="none")
        else:
            loss = functional.cross_entropy(answer, target.long(), reduction="none")
        total = weight.sum()
        means.append((loss * weight).sum() / torch.where(total > 0, total, 1.0))
    return torch.stack(means)
