"""Networks with several outputs as tutorials and forums write them, trained on a job's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from jointbench.backends.base import HUBER_DELTA, Job, Pattern, RegressionLoss, TrainingHistory
from jointbench.backends.pytorch.networks import MultiOutputNetwork, build
from jointbench.backends.pytorch.optimizers import make_optimizer
from jointbench.backends.pytorch.training_loop import DTYPES
from jointbench.networks.initialization import epoch_order
from jointbench.types import Kind, Weights

Answers = list[torch.Tensor]


class SlicedNetwork(nn.Module):
    """The trunk, and ONE linear layer as wide as all outputs; an output is a slice of its columns."""

    def __init__(self, branched: MultiOutputNetwork) -> None:
        super().__init__()
        self.branched_trunk = branched
        heads = [head[0] for head in branched.heads if isinstance(head, nn.ModuleList)]
        linears = [layer for layer in heads if isinstance(layer, nn.Linear)]
        self.units = [layer.out_features for layer in linears]
        first = linears[0].weight
        self.both = nn.Linear(linears[0].in_features, sum(self.units)).to(device=first.device, dtype=first.dtype)
        with torch.no_grad():
            self.both.weight.copy_(torch.cat([layer.weight for layer in linears]))
            self.both.bias.copy_(torch.cat([layer.bias for layer in linears]))
        del branched.heads

    def forward(self, rows: torch.Tensor) -> Answers:
        return list(self.both(self.branched_trunk.features(rows)).split(self.units, dim=1))


def library_loss(
    kind: Kind, answer: torch.Tensor, target: torch.Tensor, regression_loss: RegressionLoss
) -> torch.Tensor:
    if kind == "regression":
        if regression_loss == "absolute":
            return functional.l1_loss(answer[:, 0], target)
        if regression_loss == "huber":
            return functional.huber_loss(answer[:, 0], target, delta=HUBER_DELTA)
        return functional.mse_loss(answer[:, 0], target)
    if kind == "binary":
        return functional.binary_cross_entropy_with_logits(answer[:, 0], target)
    return functional.cross_entropy(answer, target.long())


def hand_written_loss(
    kind: Kind, answer: torch.Tensor, target: torch.Tensor, regression_loss: RegressionLoss
) -> torch.Tensor:
    """The same losses from their formulas; binary cross-entropy from a logit a is log(1 + e^a) - t a."""
    if kind == "regression":
        if regression_loss == "squared":
            return ((answer[:, 0] - target) ** 2).mean()
        size = (answer[:, 0] - target).abs()
        if regression_loss == "absolute":
            return size.mean()
        return torch.where(size <= HUBER_DELTA, size**2 / 2, HUBER_DELTA * (size - HUBER_DELTA / 2)).mean()
    if kind == "binary":
        return (torch.log1p(torch.exp(-answer[:, 0].abs())) + answer[:, 0].clamp_min(0) - target * answer[:, 0]).mean()
    chosen = answer.gather(1, target.long().unsqueeze(1))[:, 0]
    return (answer.logsumexp(dim=1) - chosen).mean()


def run(job: Job, pattern: Pattern, device: str) -> TrainingHistory:
    """Trains for all the recipe's epochs, without early stopping."""
    dtype = DTYPES[job.precision]
    network: nn.Module = build(job.architecture, job.initial, device, dtype)
    if pattern == "sliced":
        assert isinstance(network, MultiOutputNetwork)
        network = SlicedNetwork(network)
    loss = hand_written_loss if pattern == "hand-written" else library_loss
    optimizer = make_optimizer(job.recipe, network.parameters())
    features, targets = (torch.as_tensor(part).to(device=device, dtype=dtype) for part in (job.features, job.targets))
    validation = torch.from_numpy(job.validation).to(device)
    gradients: Weights = {}
    epochs = []
    for epoch in range(job.recipe.max_epochs):
        order = torch.from_numpy(job.train[epoch_order(job.seed, epoch, len(job.train))]).to(device)
        steps = []
        for rows in order.split(job.recipe.batch_size):
            optimizer.zero_grad()
            losses = _losses(job, network(features[rows]), targets[rows], loss)
            total = _total(job, losses)
            total.backward()
            gradients = gradients or _gradients(job, network)
            optimizer.step()
            steps.append(torch.stack([total.detach(), *(part.detach() for part in losses)]))
        with torch.no_grad():
            losses = _losses(job, network(features[validation]), targets[validation], loss)
            validated = torch.stack([_total(job, losses), *losses])
        epochs.append(torch.stack([torch.stack(steps).mean(dim=0), validated]))
    curves = torch.stack(epochs).cpu().numpy().astype(np.float64)
    return TrainingHistory(curves[:, 0, 0], curves[:, 0, 1:], curves[:, 1, 0], curves[:, 1, 1:], gradients)


def _losses(job: Job, answers: Answers, targets: torch.Tensor, loss: Callable[..., torch.Tensor]) -> list[torch.Tensor]:
    kinds = job.architecture.kinds
    return [
        loss(kind, answer, targets[:, i], job.regression_loss)
        for i, (kind, answer) in enumerate(zip(kinds, answers, strict=True))
    ]


def _total(job: Job, losses: Sequence[torch.Tensor]) -> torch.Tensor:
    total = torch.zeros_like(losses[0])
    for weight, loss in zip(job.loss_weights, losses, strict=True):
        total = total + weight * loss
    return total


def _gradients(job: Job, network: nn.Module) -> Weights:
    """Gradients by weight name. The columns of a sliced layer have the names of the heads that they replace."""
    branched = network.branched_trunk if isinstance(network, SlicedNetwork) else network
    assert isinstance(branched, MultiOutputNetwork)
    trunk: list[nn.Module] = [*branched.convs, *branched.trunk]
    gradients = []
    for layer in trunk:
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        gradients.append((layer.weight.grad, layer.bias.grad if layer.bias is not None else None))
    if isinstance(network, SlicedNetwork):
        assert network.both.weight.grad is not None
        assert network.both.bias.grad is not None
        gradients += zip(
            network.both.weight.grad.split(network.units), network.both.bias.grad.split(network.units), strict=True
        )
    else:
        for head in branched.heads:
            assert isinstance(head, nn.ModuleList)
            for layer in head:
                assert isinstance(layer, nn.Linear)
                gradients.append((layer.weight.grad, layer.bias.grad))
    named = {}
    for described, (kernel, bias) in zip(job.architecture.layers, gradients, strict=True):
        assert kernel is not None
        assert bias is not None
        transposed = kernel.T if described.kind == "dense" else kernel.permute(2, 3, 1, 0)
        named[f"{described.name}/kernel"] = transposed.cpu().numpy().copy()
        named[f"{described.name}/bias"] = bias.cpu().numpy().copy()
    return named
