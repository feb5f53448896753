"""Gradients of the total loss and of each output's own loss, each from its own forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.base import Gradients, Job
from jointbench.backends.pytorch.networks import read_gradients
from jointbench.backends.pytorch.training_loop import StockLoop
from jointbench.types import IntArray


def gradients(job: Job, rows: IntArray, device: str) -> Gradients:
    """Losses and gradients on these rows at the job's initial weights."""
    loop = StockLoop(job, device)
    batch = torch.from_numpy(rows).to(device)

    def backward(loss_of: Callable[[torch.Tensor], torch.Tensor]) -> tuple[float, dict[str, npt.NDArray[np.floating]]]:
        loop.optimizer.zero_grad()
        loss = loss_of(loop.losses(batch))
        loss.backward()
        return loss.item(), read_gradients(job.architecture, loop.network)

    def own(index: int) -> tuple[float, dict[str, npt.NDArray[np.floating]]]:
        return backward(lambda losses: losses[index])

    total_loss, total = backward(lambda losses: losses @ loop.loss_weights)
    alone = [own(index) for index in range(len(job.loss_weights))]
    return Gradients(total, tuple(gradient for _, gradient in alone), total_loss, np.array([loss for loss, _ in alone]))
