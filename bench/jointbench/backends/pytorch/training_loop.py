"""The steps of the stock PyTorch training loop, which users write by hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.base import Job
from jointbench.backends.pytorch.losses import output_losses
from jointbench.backends.pytorch.networks import MultiOutputNetwork, TensorMasks, build, read_weights
from jointbench.backends.pytorch.optimizers import make_optimizer
from jointbench.networks.initialization import epoch_order
from jointbench.types import FloatArray

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True, eq=False)
class Batch:
    """Row numbers, and with dropout the masks of these rows."""

    rows: torch.Tensor
    masks: TensorMasks | None = None


class StockLoop:
    """One network, its optimiser and its data on the device."""

    def __init__(self, job: Job, device: str) -> None:
        self.job = job
        dtype = DTYPES[job.precision]
        self.network: MultiOutputNetwork = build(job.architecture, job.initial, device, dtype, job.seed)
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = make_optimizer(job.recipe, trained)
        self.features = torch.as_tensor(job.features).to(device=device, dtype=dtype)
        self.targets = torch.as_tensor(job.targets).to(device=device, dtype=dtype)
        self.weights = torch.as_tensor(job.weights).to(device=device, dtype=dtype)
        self.loss_weights = torch.tensor(job.loss_weights, device=device, dtype=dtype)
        self.validation_rows = torch.from_numpy(job.validation).to(device)
        self.device = device

    def batches(self, epoch: int) -> Iterator[Batch]:
        self.network.train()
        order = torch.from_numpy(self.job.train[epoch_order(self.job.seed, epoch, len(self.job.train))])
        size = self.job.recipe.batch_size
        rows = order.to(self.device).split(size)
        if not self.job.architecture.dropped:
            return map(Batch, rows)
        masks = {
            name: torch.from_numpy(mask).to(self.device).split(size) for name, mask in self.job.masks(epoch).items()
        }
        return (Batch(part, {name: mask[i] for name, mask in masks.items()}) for i, part in enumerate(rows))

    def losses(self, rows: torch.Tensor, masks: TensorMasks | None = None) -> torch.Tensor:
        answers = self.network(self.features[rows], masks)
        return output_losses(
            self.job.architecture.kinds, answers, self.targets[rows], self.weights[rows], self.job.regression_loss
        )

    def step(self, rows: Batch) -> torch.Tensor:
        """Takes one optimisation step on these rows; returns the losses before it, (outputs,)."""
        self.optimizer.zero_grad()
        losses = self.losses(rows.rows, rows.masks)
        self.objective(losses).backward()
        self.optimizer.step()
        return losses.detach()

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        """What a step minimises, from the outputs' losses, (outputs,)."""
        return losses @ self.loss_weights

    def mean(self, losses: Sequence[torch.Tensor]) -> FloatArray:
        return torch.stack(list(losses)).mean(dim=0).cpu().numpy().astype(np.float64)

    def validate(self) -> tuple[FloatArray, float]:
        self.network.eval()
        with torch.no_grad():
            losses = self.losses(self.validation_rows)
        return losses.cpu().numpy().astype(np.float64), float(losses @ self.loss_weights)

    def snapshot(self) -> dict[str, Any]:
        return copy.deepcopy(self.network.state_dict())

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.network.load_state_dict(snapshot)

    def read_weights(self) -> dict[str, npt.NDArray[np.floating]]:
        return read_weights(self.job.architecture, self.network)

    def predict(self) -> npt.NDArray[np.floating]:
        self.network.eval()
        with torch.no_grad():
            answers = self.network(self.features[torch.from_numpy(self.job.test).to(self.device)])
        return torch.cat(answers, dim=1).cpu().numpy()
