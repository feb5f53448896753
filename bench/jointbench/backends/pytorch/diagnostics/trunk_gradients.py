"""Inner products of the outputs' trunk gradients along training, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.fit_loop import endless_batches
from jointbench.backends.pytorch.training_loop import Batch, StockLoop
from jointbench.types import FloatArray, IntArray


def trunk_gramians(job: Job, at_steps: Sequence[int], rows: IntArray, device: str) -> TrunkGramians:
    """Trains with the stock loop's steps; computes the inner products before each step of ``at_steps``."""
    loop = StockLoop(job, device)
    large_batch = torch.from_numpy(rows).to(device)
    of_batch, of_large_batch = [], []
    for step, batch in enumerate(endless_batches(loop)):
        if step in at_steps:
            of_batch.append(_gramian(loop, batch))
            of_large_batch.append(_gramian(loop, Batch(large_batch)))
        if step >= max(at_steps):
            return TrunkGramians(np.stack(of_batch), np.stack(of_large_batch))
        loop.step(batch)
    raise AssertionError("batches never end")


def _gramian(loop: StockLoop, batch: Batch) -> FloatArray:
    """(outputs, outputs), accumulated in float64."""
    trunk = [*loop.network.convs.parameters(), *loop.network.trunk.parameters()]
    losses = loop.losses(batch.rows, batch.masks)
    if loop.job.architecture.own_trunk is None:  # back for all outputs at once, which not every user's module can
        each = torch.eye(len(losses), dtype=losses.dtype, device=losses.device)
        gradients = torch.autograd.grad(losses, trunk, each, is_grads_batched=True)
        jacobian = torch.cat([gradient.reshape(len(losses), -1) for gradient in gradients], dim=1).double()
    else:
        flat = [torch.autograd.grad(loss, trunk, retain_graph=True) for loss in losses]
        jacobian = torch.stack([torch.cat([gradient.reshape(-1) for gradient in own]) for own in flat]).double()
    return (jacobian @ jacobian.T).cpu().numpy()
