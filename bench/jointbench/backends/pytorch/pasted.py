"""The loop as PyTorch tutorials have it: a Dataset, a DataLoader, a loss for each head. For comparison alone."""

from __future__ import annotations

import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from jointbench.backends.base import Job
from jointbench.backends.pytorch.loop import DTYPES
from jointbench.backends.pytorch.networks import build

NAME = "torch_dataloader"


def pasted_loop(job: Job, repeats: int) -> float:
    """The best seconds of an epoch over the job's training rows, after a first one that is not counted."""
    network = build(job.architecture, job.initial, "cpu", DTYPES[job.precision])
    rows = TensorDataset(torch.from_numpy(job.features[job.train]), torch.from_numpy(job.targets[job.train]))
    loader = DataLoader(rows, batch_size=job.recipe.batch_size, shuffle=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=job.recipe.learning_rate)
    number, label = nn.MSELoss(), nn.BCEWithLogitsLoss()
    takes = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        for features, targets in loader:
            optimizer.zero_grad()
            first, second = network(features)
            loss = number(first[:, 0], targets[:, 0]) + label(second[:, 0], targets[:, 1])
            loss.backward()
            optimizer.step()
        takes.append(time.perf_counter() - started)
    return min(takes[1:])
