"""Training steps with adaptive loss weights, in PyTorch. The methods that need gradients use TorchJD."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.loss_weighting import (
    GRADIENT_METHODS,
    METHODS,
    MGDA,
    PCGRAD,
    UNCERTAINTY,
    WeightedSteps,
    fit_weighted,
    precision_factors,
)
from jointbench.backends.pytorch.losses import output_losses
from jointbench.backends.pytorch.training_loop import Batch, StockLoop
from jointbench.types import FloatArray

INSTALL = "not installed: pip install 'jointbench[methods]'"


def methods() -> dict[str, str | None]:
    """Every method, with the reason why it cannot run here; None where it can."""
    installed = importlib.util.find_spec("torchjd") is not None
    return {method: None if installed or method not in GRADIENT_METHODS else INSTALL for method in METHODS}


class TorchWeightedLoop(StockLoop):
    """The stock loop with a factor on each output's loss: fixed, or set anew before each epoch."""

    def __init__(self, job: Job, device: str) -> None:
        super().__init__(job, device)
        self.factors = torch.ones_like(self.loss_weights)

    def factor(self, values: FloatArray) -> None:
        self.factors = torch.as_tensor(values).to(self.loss_weights)

    def step(self, rows: Batch) -> torch.Tensor:
        self.optimizer.zero_grad()
        losses = self.differentiate(rows)
        self.optimizer.step()
        return losses

    def differentiate(self, rows: Batch) -> torch.Tensor:
        """Sets the parameters' gradients to those of this step's objective; returns the losses, (outputs,)."""
        losses = self.losses(rows.rows, rows.masks)
        self.objective(losses * self.loss_weights * self.factors).backward()
        return losses.detach()

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        """What a step minimises, from the weighted losses."""
        return losses.sum()


class UncertaintyLoop(TorchWeightedLoop):
    """A log variance for each output, trained with the network and without weight decay."""

    def __init__(self, job: Job, device: str) -> None:
        super().__init__(job, device)
        self.log_variance = nn.Parameter(torch.zeros_like(self.loss_weights))
        self.precision = torch.as_tensor(precision_factors(job)).to(self.loss_weights)
        self.optimizer.add_param_group({"params": [self.log_variance], "weight_decay": 0.0})

    def objective(self, losses: torch.Tensor) -> torch.Tensor:
        return (self.precision * torch.exp(-self.log_variance) * losses + self.log_variance / 2).sum()


class GradientLoop(TorchWeightedLoop):
    """The trunk descends a weighted sum of the outputs' gradients, each head its own output's gradient.

    The weights of that sum follow from the gradients' inner products.
    """

    def __init__(self, job: Job, device: str, method: str) -> None:
        super().__init__(job, device)
        self.weighting = _weighting(method, len(job.loss_weights), self.loss_weights)
        self.trunk = [*self.network.convs.parameters(), *self.network.trunk.parameters()]
        self.heads = [list(head.parameters()) for head in self.network.heads]

    def differentiate(self, rows: Batch) -> torch.Tensor:
        answers = self.network(self.features[rows.rows], rows.masks)
        losses, gradients = [], []
        for output, head in enumerate(self.heads):
            # Each loss is computed alone: one taken from a stack of losses would send zeros through the other heads.
            only = slice(output, output + 1)
            loss = output_losses(
                self.job.architecture.kinds[only],
                answers[only],
                self.targets[rows.rows, only],
                self.weights[rows.rows, only],
                self.job.regression_loss,
            )
            losses.append(loss.detach())
            loss_gradients = torch.autograd.grad(
                (loss * self.loss_weights[only]).sum(), [*self.trunk, *head], retain_graph=output < len(self.heads) - 1
            )
            gradients.append(torch.cat([gradient.reshape(-1) for gradient in loss_gradients[: len(self.trunk)]]))
            for parameter, gradient in zip(head, loss_gradients[len(self.trunk) :], strict=True):
                parameter.grad = gradient
        jacobian = torch.stack(gradients)
        weights: torch.Tensor = self.weighting(jacobian @ jacobian.T)
        combined = (weights[None] @ jacobian)[0]
        for parameter, part in zip(self.trunk, combined.split([p.numel() for p in self.trunk]), strict=True):
            parameter.grad = part.view_as(parameter)
        return torch.cat(losses)


def _weighting(method: str, outputs: int, like: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function from the gradients' Gram matrix, (outputs, outputs), to their weights, (outputs,)."""
    from torchjd.aggregation import MGDAWeighting, PCGradWeighting, UPGradWeighting

    if method == PCGRAD:
        return PCGradWeighting()
    # With a preference of 1 for each output UPGrad is the plain sum where nothing conflicts, as PCGrad is.
    return MGDAWeighting() if method == MGDA else UPGradWeighting(pref_vector=torch.ones(outputs).to(like))


def make_loop(job: Job, device: str, method: str) -> TorchWeightedLoop:
    if method == UNCERTAINTY:
        return UncertaintyLoop(job, device)
    return GradientLoop(job, device, method) if method in GRADIENT_METHODS else TorchWeightedLoop(job, device)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Sets PyTorch's global random state, from which TorchJD's PCGrad draws its order, and restores it after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def fit(job: Job, device: str, method: str, clock: Clock) -> Trained:
    """Trains one network with a method."""
    with _seeded(job.seed):
        return fit_weighted(make_loop(job, device, method), method, clock)


def timed_steps(job: Job, device: str, method: str, steps: int, synchronise: Callable[[], None]) -> WeightedSteps:
    return WeightedSteps(make_loop(job, device, method), steps, synchronise)


def counted_step_flops(job: Job, method: str) -> int:
    """FLOPs of one step under a method by PyTorch's counter, which the closed form is checked against."""
    loop = make_loop(job, "cpu", method)
    rows = next(iter(loop.batches(0)))
    with FlopCounterMode(display=False) as counter, _seeded(job.seed):
        loop.step(rows)
    return int(counter.get_total_flops())
