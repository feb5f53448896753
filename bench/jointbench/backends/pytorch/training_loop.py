"""The stock PyTorch training loop: the loop that users write by hand, with early stopping on the validation loss."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.pytorch.losses import output_losses
from jointbench.backends.pytorch.networks import MultiOutputNetwork, build, read_weights
from jointbench.backends.pytorch.optimizers import make_optimizer
from jointbench.measure.device_clock import device_clock
from jointbench.networks.initialization import epoch_order
from jointbench.records import Stop

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class StockLoop:
    """One network, its optimiser and its data on the device."""

    def __init__(self, job: Job, device: str) -> None:
        self.job = job
        dtype = DTYPES[job.precision]
        self.network: MultiOutputNetwork = build(job.architecture, job.initial, device, dtype)
        self.optimizer = make_optimizer(job.recipe, self.network.parameters())
        self.features = torch.as_tensor(job.features).to(device=device, dtype=dtype)
        self.targets = torch.as_tensor(job.targets).to(device=device, dtype=dtype)
        self.weights = torch.as_tensor(job.weights).to(device=device, dtype=dtype)
        self.loss_weights = torch.tensor(job.loss_weights, device=device, dtype=dtype)
        self.device = device

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        order = torch.from_numpy(self.job.train[epoch_order(self.job.seed, epoch, len(self.job.train))])
        return iter(order.to(self.device).split(self.job.recipe.batch_size))

    def losses(self, rows: torch.Tensor) -> torch.Tensor:
        answers = self.network(self.features[rows])
        return output_losses(
            self.job.architecture.kinds, answers, self.targets[rows], self.weights[rows], self.job.regression_loss
        )

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Takes one optimisation step on these rows; returns the losses before it, (outputs,)."""
        self.optimizer.zero_grad()
        losses = self.losses(rows)
        (losses @ self.loss_weights).backward()
        self.optimizer.step()
        return losses.detach()

    def epoch(self, number: int) -> torch.Tensor:
        """Trains on every training row once; returns each output's batch loss averaged over the steps, (outputs,)."""
        return torch.stack([self.step(rows) for rows in self.batches(number)]).mean(dim=0)


def fit(job: Job, device: str, clock: Clock) -> Trained:
    """Trains until the weighted validation loss has not improved for ``patience`` epochs.

    The result has the best epoch's weights. clock: waits for the device before it is read.
    """
    loop = StockLoop(job, device)
    validation = torch.from_numpy(job.validation).to(device)
    train_curve, validation_curve = [], []
    best, best_epoch, best_state, failure = math.inf, 0, copy.deepcopy(loop.network.state_dict()), None
    stopped_by: Stop = "limit"
    epoch_seconds = []
    for epoch in range(job.recipe.max_epochs):
        started = clock()
        train_losses = loop.epoch(epoch)
        epoch_seconds.append(clock() - started)
        with torch.no_grad():
            validation_losses = loop.losses(validation)
        train_curve.append(train_losses.cpu().numpy().astype(np.float64))
        validation_curve.append(validation_losses.cpu().numpy().astype(np.float64))
        loss = float(validation_losses @ loop.loss_weights)
        if not (math.isfinite(loss) and np.isfinite(train_curve[-1]).all()):
            failure = f"the loss is not finite in epoch {epoch + 1}"
            break
        if loss < best:
            best, best_epoch, best_state = loss, epoch, copy.deepcopy(loop.network.state_dict())
        elif epoch - best_epoch >= job.recipe.patience:
            stopped_by = "patience"
            break
    loop.network.load_state_dict(best_state)
    with torch.no_grad():
        answers = loop.network(loop.features[torch.from_numpy(job.test).to(device)])
    epochs = len(train_curve)
    return Trained(
        epochs=epochs,
        best_epoch=best_epoch,
        steps=epochs * math.ceil(len(job.train) / job.recipe.batch_size),
        rows_seen=epochs * len(job.train),
        epoch_seconds=np.array(epoch_seconds),
        stopped_by=stopped_by,
        train_loss=np.array(train_curve),
        validation_loss=np.array(validation_curve),
        predictions=torch.cat(answers, dim=1).cpu().numpy().astype(np.float32),
        weights=read_weights(job.architecture, loop.network),
        failure=failure,
    )


class StockTrainer:
    """Trains an arm's networks for a number of steps each, one after the other, for timing."""

    warm_up = 1

    def __init__(self, jobs: list[Job], device: str, steps: int, synchronise: Callable[[], None]) -> None:
        self.steps, self.synchronise = steps, synchronise
        self.loops = [StockLoop(job, device) for job in jobs]
        self.batches = [_endless(loop) for loop in self.loops]

    def resize(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, clock: Clock) -> float:
        seconds, clock = 0.0, device_clock(self.synchronise, clock)
        for loop, batches in zip(self.loops, self.batches, strict=True):
            for _ in range(self.warm_up):
                loop.step(next(batches))
            started = clock()
            for _ in range(self.steps):
                loop.step(next(batches))
            seconds += clock() - started
        return seconds

    def weights(self) -> list[dict[str, npt.NDArray[np.floating]]]:
        return [read_weights(loop.job.architecture, loop.network) for loop in self.loops]

    def steps_counted(self) -> int | None:
        """From the optimisers' state; None for plain SGD, which does not count its steps."""
        counts = [
            [float(state["step"]) for state in loop.optimizer.state.values() if "step" in state] for loop in self.loops
        ]
        return sum(int(max(steps)) for steps in counts) if all(counts) else None

    def close(self) -> None:
        """Does nothing: no thread runs behind it."""


def _endless(loop: StockLoop) -> Iterator[torch.Tensor]:
    for epoch in itertools.count():
        yield from loop.batches(epoch)
