"""The PyTorch engine: a stack's weights in one buffer, batched products, a written-out gradient, fused updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.batched.scheduler import Int32Array, PackedData, ProgramSpec, ProgramStep
from jointbench.backends.pytorch.batched.layers import StackedNetwork
from jointbench.backends.pytorch.batched.losses import StackedLosses
from jointbench.backends.pytorch.batched.optimizer import StackedOptimizer
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.networks import build
from jointbench.backends.pytorch.training_loop import DTYPES
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

GATHERED_BYTES = 4 * 2**20  # rows laid out at a time: many steps of a small stack, and they stay in the cache


class BatchedProgram:
    """A stack on PyTorch. All slots' parameters are one (slots, parameters) buffer."""

    def __init__(self, frame: ProgramSpec, tables: PackedData, device: str) -> None:
        self.frame, self.device = frame, device
        network, slots, dtype = frame.architecture, frame.slots, DTYPES[frame.precision]
        features, targets, weights = (
            torch.as_tensor(table).to(device) for table in (tables.features, tables.targets, tables.weights)
        )
        # A column of ones, which the first layer's bias multiplies; images get theirs after the convolutions.
        self.features = features if network.convs else torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
        self.losses = StackedLosses(network, frame.regression_loss)
        self.labels = self.losses.table(targets, weights)
        self.layout = Layout(network)
        self.flat = torch.zeros(slots, self.layout.size, dtype=dtype, device=device)
        self.best_flat = torch.zeros_like(self.flat)
        self.optimizer = StackedOptimizer(frame.recipe, self.flat)
        self.network = StackedNetwork(network, self.layout, self.flat, frame.batch)
        self.loss_weights = torch.zeros(slots, len(network.heads), dtype=dtype, device=device)
        self.best_loss = np.full(slots, np.inf)
        self.wait, self.done = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
        self.alive = np.zeros(slots, np.bool_)

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        place = torch.tensor(slots, device=self.device)
        for name, view in self.layout.views(self.flat).items():
            view[place] = torch.as_tensor(np.stack([one[name] for one in weights])).to(view)
        self.best_flat[place] = self.flat[place]
        self.loss_weights[place] = torch.as_tensor(loss_weights).to(self.flat)
        self.factors = self.losses.factors(self.loss_weights)
        self.optimizer.reset(slots)
        at = list(slots)
        self.wait[at], self.done[at], self.best_loss[at], self.alive[at] = 0, 0, np.inf, True

    def advance(
        self,
        feature_rows: Int32Array,
        target_rows: Int32Array,
        active: npt.NDArray[np.bool_],
        validation_features: Int32Array,
        validation_targets: Int32Array,
    ) -> ProgramStep:
        rows, places, held, held_places = (
            torch.as_tensor(part).to(self.device).contiguous()
            for part in (feature_rows, target_rows, validation_features, validation_targets)
        )
        train, validation, lived = [], [], []
        with torch.no_grad():
            labels, shares = self._labels(held_places)
            # Validation goes through the same buffers, so its last batch is filled up with rows from the start.
            filled = -(-self.frame.validation // self.frame.batch) * self.frame.batch
            around = torch.arange(filled, device=self.device) % self.frame.validation
            batches = held[:, around].unflatten(1, (-1, self.frame.batch)).transpose(0, 1)
            for epoch in range(self.frame.epochs):
                train.append(self._epoch(rows[epoch], places[epoch], active[epoch] & self.alive))
                losses = self._validate(batches, labels, shares)
                validation.append(losses.cpu().numpy().astype(np.float64))
                lived.append(self.alive)
                self._stop((losses * self.loss_weights).sum(dim=1).cpu().numpy())
        return ProgramStep(np.stack(train), np.stack(validation), np.stack(lived))

    def _gather(self, table: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return table.index_select(0, rows.reshape(-1)).view(*rows.shape, *table.shape[1:])

    def _labels(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Targets and shares of these rows, (..., rows, columns) each."""
        targets, weights = self._gather(self.labels, places).split(self.losses.columns, dim=-1)
        return targets, self.losses.shares(weights)

    def _blocks(self) -> Iterator[slice]:
        """The epoch's steps, as many at a time as GATHERED_BYTES hold."""
        step_bytes = self.frame.slots * self.frame.batch * self.features[0].numel() * self.features.element_size()
        length = max(1, GATHERED_BYTES // step_bytes)
        for start in range(0, self.frame.steps, length):
            yield slice(start, min(start + length, self.frame.steps))

    def _epoch(
        self, rows: torch.Tensor, places: torch.Tensor, moving: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """Trains on batches (steps, slots, batch) those who move; their mean losses before each step, (slots, outputs)."""
        total = np.zeros(self.loss_weights.shape)
        for block in self._blocks():
            features = self._gather(self.features, rows[block])
            targets, shares = self._labels(places[block])
            scales = shares * self.factors.unsqueeze(1)
            raw = torch.empty_like(shares)
            turns = moving[block]
            for batch, target, scale, kept, turn in zip(features, targets, scales, raw, turns, strict=True):
                answers = self.network.forward(batch, train=True)
                kept.copy_(answers)
                self.losses.differentiate(answers, target, scale)
                self.network.backward(self.optimizer.gradient)
                self.optimizer.step(turn)
            # The curve's losses need no step's result at once: those of a block are computed together.
            losses = self.losses.means(raw, targets, shares).cpu().numpy()
            total += np.where(turns[..., None], losses, 0).sum(axis=0)
        mean: npt.NDArray[np.float64] = total / np.maximum(moving.sum(axis=0), 1)[:, None]
        return mean

    def _validate(self, held: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """Each slot's validation losses, (slots, outputs). held: rows in batches, (batches, slots, batch)."""
        answers = []
        for rows in held:
            raw = self.network.forward(self._gather(self.features, rows), train=False)
            answers.append(raw.clone())
        raw = torch.cat(answers, dim=1)[:, : self.frame.validation]
        return self.losses.means(raw, targets, shares)

    def _stop(self, loss: npt.NDArray[np.floating]) -> None:
        """Early stopping after an epoch with these validation losses, (slots,): keeps what is best, ends who waits long."""
        better = self.alive & (loss < self.best_loss)
        if better.any():
            place = torch.from_numpy(np.flatnonzero(better)).to(self.device)
            self.best_flat[place] = self.flat[place]
        self.best_loss = np.where(better, loss, self.best_loss)
        self.wait = np.where(better, 0, self.wait + 1)
        self.done = self.done + self.alive
        recipe = self.frame.recipe
        self.alive = self.alive & (self.wait < recipe.patience) & (self.done < recipe.max_epochs)

    def best(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named(self.best_flat, slot)

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named(self.flat, slot)

    def _named(self, flat: torch.Tensor, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        views = self.layout.views(flat[slot : slot + 1])
        return {name: view[0].cpu().numpy().copy() for name, view in views.items()}


def predict(network: Architecture, asked: Sequence[tuple[Weights, Float32Array]], device: str) -> list[Float32Array]:
    """Predictions of each network on its rows, by the stock module with the network's weights put in."""
    answers = []
    for weights, rows in asked:
        tensor = torch.from_numpy(rows).to(device)
        module = build(network, weights, device, tensor.dtype).eval()
        with torch.inference_mode():
            answers.append(torch.cat(module(tensor), dim=1).cpu().numpy())
    return answers
