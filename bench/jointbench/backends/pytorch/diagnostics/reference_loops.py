"""Training loops as tutorials write them: a DataLoader, Lightning, skorch. Only for comparison."""

from __future__ import annotations

import importlib.util
import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from jointbench.backends.base import Job
from jointbench.backends.pytorch.networks import build
from jointbench.backends.pytorch.training_loop import DTYPES


def installed_loops() -> dict[str, Callable[[Job, int], float]]:
    """The loops that can run here, by name: a plain one, and those whose package is installed."""
    loops: dict[str, Callable[[Job, int], float]] = {"torch_dataloader": dataloader_loop}
    if importlib.util.find_spec("lightning") is not None:
        loops["lightning"] = lightning_fit
    if importlib.util.find_spec("skorch") is not None:
        loops["skorch"] = skorch_fit
    return loops


def _network(job: Job) -> nn.Module:
    return build(job.architecture, job.initial, "cpu", DTYPES[job.precision])


def _rows(job: Job) -> TensorDataset:
    return TensorDataset(torch.from_numpy(job.features[job.train]), torch.from_numpy(job.targets[job.train]))


def _loss(answers: list[torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
    """A squared error on the first head and a log loss on the second, as in the benchmark's job."""
    first, second = answers
    squared_error = nn.functional.mse_loss(first[:, 0], targets[:, 0])
    return squared_error + nn.functional.binary_cross_entropy_with_logits(second[:, 0], targets[:, 1])


def dataloader_loop(job: Job, repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` epochs over the job's training rows, after a first one."""
    network = _network(job)
    loader = DataLoader(_rows(job), batch_size=job.recipe.batch_size, shuffle=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=job.recipe.learning_rate)
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        for features, targets in loader:
            optimizer.zero_grad()
            _loss(network(features), targets).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])


def lightning_fit(job: Job, repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` epochs of Lightning's Trainer, after a first one."""
    import lightning

    seconds: list[float] = []

    class Module(lightning.LightningModule):  # type: ignore[misc]  # an optional package
        def __init__(self) -> None:
            super().__init__()
            self.network = _network(job)

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            return _loss(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=job.recipe.learning_rate)

        def on_train_epoch_start(self) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self) -> None:
            seconds.append(time.perf_counter() - self.started)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends loader workers, which are slower here
        trainer = lightning.Trainer(
            max_epochs=repeats + 1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Module(), DataLoader(_rows(job), batch_size=job.recipe.batch_size, shuffle=True))
    return min(seconds[1:])


def skorch_fit(job: Job, repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` epochs of skorch's NeuralNet, from its history, after a first one."""
    import skorch

    class Loss(nn.Module):
        def forward(self, answers: list[torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
            return _loss(answers, targets)

    net = skorch.NeuralNet(
        _network(job),
        Loss,
        optimizer=torch.optim.Adam,
        lr=job.recipe.learning_rate,
        max_epochs=repeats + 1,
        batch_size=job.recipe.batch_size,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )
    net.fit(job.features[job.train], job.targets[job.train])
    return float(min(net.history[1:, "dur"]))
