"""The PyTorch engine: a stack's weights in one flat buffer, batched products, one optimiser update for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from jointbench.architecture import Architecture
from jointbench.backends.pytorch.loop import DTYPES
from jointbench.backends.pytorch.networks import ACTIVATIONS, build
from jointbench.backends.stacking import Advance, Frame, Tables
from jointbench.recipe import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Float32Array, Weights


def _convolved(network: Architecture, weights: dict[str, torch.Tensor], slot: int, images: torch.Tensor) -> torch.Tensor:
    """One slot's images through its convolutions, (batch, features).

    Slot by slot: the library's convolution is six times faster than one batched product over all slots' 3x3
    neighbourhoods and twice as fast as a grouped convolution, and at an image's size its overhead does not count.
    """
    activate = ACTIVATIONS[network.activation]
    hidden = images.permute(0, 3, 1, 2)
    for conv in network.convs:
        kernel, bias = weights[f"{conv.name}/kernel"][slot], weights[f"{conv.name}/bias"][slot]
        hidden = torch.max_pool2d(activate(functional.conv2d(hidden, kernel.permute(3, 2, 0, 1), bias, padding=1)), 2)
    return hidden.permute(0, 2, 3, 1).flatten(1)


def forward(network: Architecture, weights: dict[str, torch.Tensor], rows: torch.Tensor) -> list[torch.Tensor]:
    """Raw answers of every slot's network, (slots, batch, units) for each head."""
    activate = ACTIVATIONS[network.activation]

    def dense(name: str, hidden: torch.Tensor) -> torch.Tensor:
        return torch.baddbmm(weights[f"{name}/bias"].unsqueeze(1), hidden, weights[f"{name}/kernel"])

    hidden = rows
    if network.convs:
        hidden = torch.stack([_convolved(network, weights, slot, images) for slot, images in enumerate(rows)])
    for layer in network.trunk:
        hidden = activate(dense(layer.name, hidden))
    answers = []
    for head in network.heads:
        answer = hidden
        for layer in head[:-1]:
            answer = activate(dense(layer.name, answer))
        answers.append(dense(head[-1].name, answer))
    return answers


def output_losses(
    network: Architecture, answers: Sequence[torch.Tensor], targets: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """(slots, outputs): each output's weighted mean loss over its rows, 0 where no row counts."""
    means = []
    for column, (kind, answer) in enumerate(zip(network.kinds, answers, strict=True)):
        target, weight = targets[..., column], weights[..., column]
        if kind == "regression":
            loss = (answer[..., 0] - target) ** 2
        elif kind == "binary":
            loss = functional.binary_cross_entropy_with_logits(answer[..., 0], target, reduction="none")
        else:
            loss = functional.cross_entropy(answer.flatten(0, 1), target.flatten().long(), reduction="none")
            loss = loss.view(target.shape)
        total = weight.sum(dim=1)
        means.append((loss * weight).sum(dim=1) / torch.where(total > 0, total, 1.0))
    return torch.stack(means, dim=1)


class BatchedProgram:
    """A stack on PyTorch. All slots' parameters are one (slots, parameters) leaf, so autograd gives one gradient
    and the optimiser's update is a handful of operations, however many layers there are."""

    def __init__(self, frame: Frame, tables: Tables, device: str) -> None:
        self.frame, self.device = frame, device
        self.dtype = DTYPES[frame.precision]
        self.features, self.targets, self.weights = (
            torch.as_tensor(table).to(device) for table in (tables.features, tables.targets, tables.weights)
        )
        self.layout: list[tuple[str, tuple[int, ...]]] = []
        for layer in frame.architecture.layers:
            self.layout += [(f"{layer.name}/kernel", layer.kernel_shape), (f"{layer.name}/bias", (layer.units,))]
        slots, size = frame.slots, frame.architecture.parameters

        def zeros(*shape: int) -> torch.Tensor:
            return torch.zeros(shape, dtype=self.dtype, device=device)

        self.flat = zeros(slots, size).requires_grad_()
        self.first, self.second, self.best_flat = zeros(slots, size), zeros(slots, size), zeros(slots, size)
        self.loss_weights = zeros(slots, len(frame.architecture.heads))
        self.best_loss = zeros(slots).fill_(torch.inf)
        self.count = zeros(slots)
        self.wait = torch.zeros(slots, dtype=torch.int64, device=device)
        self.done = torch.zeros(slots, dtype=torch.int64, device=device)
        self.alive = torch.zeros(slots, dtype=torch.bool, device=device)

    def _views(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        sizes = [int(np.prod(shape)) for _, shape in self.layout]
        parts = flat.split(sizes, dim=1)
        return {name: part.view(-1, *shape) for (name, shape), part in zip(self.layout, parts, strict=True)}

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        place = torch.tensor(slots, device=self.device)
        rows = np.stack([np.concatenate([np.ravel(one[name]) for name, _ in self.layout]) for one in weights])
        with torch.no_grad():
            self.flat[place] = torch.as_tensor(rows).to(self.flat)
            self.best_flat[place] = self.flat[place]
            for state in (self.first, self.second, self.count, self.wait, self.done):
                state[place] = 0
            self.best_loss[place] = torch.inf
            self.alive[place] = True
            self.loss_weights[place] = torch.as_tensor(loss_weights).to(self.flat)

    def _losses(self, feature_rows: torch.Tensor, target_rows: torch.Tensor) -> torch.Tensor:
        network = self.frame.architecture
        answers = forward(network, self._views(self.flat), self.features[feature_rows])
        return output_losses(network, answers, self.targets[target_rows], self.weights[target_rows])

    def _step(self, feature_rows: torch.Tensor, target_rows: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """One optimisation step of every moving slot; the others stay exactly as they are. The losses before it."""
        losses = self._losses(feature_rows, target_rows)
        (gradient,) = torch.autograd.grad((losses * self.loss_weights).sum(), self.flat)
        with torch.no_grad():
            self._update(gradient, moving)
        return losses.detach()

    def _update(self, gradient: torch.Tensor, moving: torch.Tensor) -> None:
        recipe = self.frame.recipe
        on = moving.to(self.dtype).unsqueeze(1)
        rate = recipe.learning_rate * on
        if recipe.optimizer != "adam" and recipe.weight_decay:
            self.flat.mul_(1 - rate * recipe.weight_decay)
        if recipe.optimizer == "sgd":
            # A diverged idle neighbour's gradient may be NaN, and 0 x NaN is NaN: select, do not multiply.
            self.flat.sub_(torch.where(on > 0, rate * gradient, 0))
            return
        beta_1, beta_2 = ADAM_BETAS
        self.count += moving
        steps = self.count.clamp(min=1).unsqueeze(1)
        rate = rate * torch.sqrt(1 - beta_2**steps) / (1 - beta_1**steps)
        self.first.lerp_(gradient, on * (1 - beta_1))
        self.second.lerp_(gradient.square(), on * (1 - beta_2))
        change = self.first / self.second.sqrt().add_(ADAM_EPSILON)
        self.flat.addcmul_(change, rate, value=-1)

    def advance(
        self, feature_rows: Any, target_rows: Any, active: Any, validation_features: Any, validation_targets: Any
    ) -> Advance:
        rows, places, turns, held, held_places = (
            torch.as_tensor(part).to(self.device)
            for part in (feature_rows, target_rows, active, validation_features, validation_targets)
        )
        train, validation, lived = [], [], []
        recipe = self.frame.recipe
        for epoch in range(self.frame.epochs):
            total = torch.zeros_like(self.loss_weights)
            for step in range(self.frame.steps):
                moving = turns[epoch, step] & self.alive
                losses = self._step(rows[epoch, step], places[epoch, step], moving)
                total += torch.where(moving.unsqueeze(1), losses, 0)
            with torch.no_grad():
                losses = self._losses(held, held_places)
                loss = (losses * self.loss_weights).sum(dim=1)
                better = self.alive & (loss < self.best_loss)
                self.best_flat[better] = self.flat[better]
                self.best_loss = torch.where(better, loss, self.best_loss)
                self.wait = torch.where(better, 0, self.wait + 1)
                self.done += self.alive
                train.append(total / turns[epoch].sum(dim=0).clamp(min=1).unsqueeze(1))
                validation.append(losses)
                lived.append(self.alive)
                self.alive = self.alive & (self.wait < recipe.patience) & (self.done < recipe.max_epochs)
        return Advance(
            torch.stack(train).cpu().numpy().astype(np.float64),
            torch.stack(validation).cpu().numpy().astype(np.float64),
            torch.stack(lived).cpu().numpy(),
        )

    def best(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return {name: view[0].cpu().numpy().copy() for name, view in self._views(self.best_flat[slot : slot + 1]).items()}


def predict(
    network: Architecture, asked: Sequence[tuple[Weights, Float32Array]], device: str
) -> list[Float32Array]:
    """Predictions of each network on its rows, by the stock module with the network's weights put in."""
    answers = []
    for weights, rows in asked:
        tensor = torch.from_numpy(rows).to(device)
        module = build(network, weights, device, tensor.dtype).eval()
        with torch.inference_mode():
            answers.append(torch.cat(module(tensor), dim=1).cpu().numpy())
    return answers
