"""Inner products of the outputs' trunk gradients along training, in PyTorch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.pytorch.training_loop import StockLoop
from jointbench.types import FloatArray, IntArray


def trunk_gramians(job: Job, at: Sequence[int], rows: IntArray, device: str) -> TrunkGramians:
    """Trains with the stock loop's steps and looks at the gradients before those of ``at``."""
    loop = StockLoop(job, device)
    broad = torch.from_numpy(rows).to(device)
    wanted, batch_made, broad_made = set(at), [], []
    for step, batch in enumerate(itertools.chain.from_iterable(map(loop.batches, itertools.count()))):
        if step in wanted:
            batch_made.append(_products(loop, batch))
            broad_made.append(_products(loop, broad))
        if step >= max(at):
            return TrunkGramians(np.stack(batch_made), np.stack(broad_made))
        loop.step(batch)
    raise AssertionError("batches never end")


def _products(loop: StockLoop, rows: torch.Tensor) -> FloatArray:
    """(outputs, outputs), accumulated in float64."""
    trunk = [*loop.network.convs.parameters(), *loop.network.trunk.parameters()]
    flat = []
    for loss in loop.losses(rows):
        found = torch.autograd.grad(loss, trunk, retain_graph=True)
        flat.append(torch.cat([gradient.reshape(-1) for gradient in found]).double())
    jacobian = torch.stack(flat)
    return (jacobian @ jacobian.T).cpu().numpy()
