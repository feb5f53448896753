"""The PyTorch engine: one buffer of weights for a stack, batched products, a written-out gradient, fused updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.batched.program import BatchRows, PackedData, ProgramSpec, ProgramStep
from jointbench.backends.early_stopping import StoppingState, after_epoch, initial_state
from jointbench.backends.pytorch.batched.layers import StackedNetwork
from jointbench.backends.pytorch.batched.losses import StackedLosses
from jointbench.backends.pytorch.batched.operations import StepMasks
from jointbench.backends.pytorch.batched.optimizer import StackedOptimizer
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.networks import build
from jointbench.backends.pytorch.training_loop import DTYPES
from jointbench.networks.architecture import Architecture
from jointbench.networks.dropout import kept_scale
from jointbench.types import Float32Array, Weights

GATHERED_BYTES = 4 * 2**20  # of rows gathered at a time: many steps of a small stack, and they fit the cache


class BatchedProgram:
    """A stack on PyTorch. All slots' parameters are in one (slots, parameters) buffer."""

    def __init__(self, spec: ProgramSpec, data: PackedData, device: str) -> None:
        self.spec, self.device = spec, device
        network, slots, dtype = spec.architecture, spec.slots, DTYPES[spec.precision]
        self.features, targets, weights = (
            torch.as_tensor(table).to(device) for table in (data.features, data.targets, data.weights)
        )
        self.losses = StackedLosses(network, spec.regression_loss)
        self.labels = self.losses.table(targets, weights)
        self.layout = Layout(network)
        self.flat = torch.zeros(slots, self.layout.size, dtype=dtype, device=device)
        self.best_flat = torch.zeros(slots, spec.checkpoints, self.layout.size, dtype=dtype, device=device)
        self.optimizer = StackedOptimizer(spec.recipe, self.flat)
        self.network = StackedNetwork(network, self.layout, self.flat, spec.batch)
        self.loss_weights = torch.zeros(slots, len(network.heads), dtype=dtype, device=device)
        self.stopping = StoppingState(
            best_loss=np.full((slots, spec.checkpoints), np.inf),
            waited=np.zeros(slots, np.int64),
            epochs=np.zeros(slots, np.int64),
            training=np.zeros(slots, np.bool_),
        )

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        index = torch.tensor(slots, device=self.device)
        for name, view in self.layout.views(self.flat).items():
            view[index] = torch.as_tensor(np.stack([network[name] for network in weights])).to(view)
        self.best_flat[index] = self.flat[index].unsqueeze(1)
        self.loss_weights[index] = torch.as_tensor(loss_weights).to(self.flat)
        self.factors = self.losses.factors(self.loss_weights)
        self.optimizer.reset(slots)
        new = list(slots)
        for name, value in vars(initial_state()).items():
            getattr(self.stopping, name)[new] = value

    def advance(self, rows: BatchRows) -> ProgramStep:
        feature_rows, target_rows, validation_features, validation_targets = (
            torch.as_tensor(part).to(self.device).contiguous()
            for part in (rows.feature_rows, rows.target_rows, rows.validation_features, rows.validation_targets)
        )
        train, validation, totals = [], [], []
        with torch.no_grad():
            targets, shares = self._labels(validation_targets)
            batches = self._validation_batches(validation_features)
            for epoch in range(self.spec.epochs):
                active = rows.active[epoch] & self.stopping.training
                masks = {name: torch.from_numpy(mask[epoch]) for name, mask in rows.masks.items()}
                train.append(self._train_epoch(feature_rows[epoch], target_rows[epoch], active, masks))
                losses = self._validate(batches, targets, shares)
                validation.append(losses.cpu().numpy().astype(np.float64))
                totals.append((losses * self.loss_weights).sum(dim=1).cpu().numpy())
                self._stop_early(validation[-1], totals[-1])
        return ProgramStep(np.stack(train), np.stack(validation), np.stack(totals))

    def _validation_batches(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (slots, rows) as (batches, slots, batch), the buffers' size. The first rows fill the last batch."""
        padded = -(-self.spec.validation // self.spec.batch) * self.spec.batch
        columns = torch.arange(padded, device=self.device) % self.spec.validation
        batches: torch.Tensor = rows[:, columns].unflatten(1, (-1, self.spec.batch)).transpose(0, 1)
        return batches

    def _gather(self, table: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return table.index_select(0, rows.reshape(-1)).view(*rows.shape, *table.shape[1:])

    def _inputs(self, rows: torch.Tensor) -> torch.Tensor:
        """The features of these rows, with a column of ones, which the first layer's bias multiplies: added here, because
        a table with such a column is another copy. Images get theirs after the convolutions."""
        if self.spec.architecture.convs:
            return self._gather(self.features, rows)
        columns = self.features.shape[1]
        inputs = self.features.new_empty(rows.numel(), columns + 1)
        inputs[:, columns] = 1
        torch.index_select(self.features, 0, rows.reshape(-1), out=inputs[:, :columns])
        return inputs.view(*rows.shape, columns + 1)

    def _labels(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Targets and shares of these rows, (..., rows, columns) each."""
        targets, weights = self._gather(self.labels, rows).split(self.losses.columns, dim=-1)
        return targets, self.losses.shares(weights)

    def _step_blocks(self) -> Iterator[slice]:
        """The epoch's steps in blocks of at most GATHERED_BYTES."""
        inputs = self.features[0].numel() + (not self.spec.architecture.convs)
        step_bytes = self.spec.slots * self.spec.batch * inputs * self.features.element_size()
        length = max(1, GATHERED_BYTES // step_bytes)
        for start in range(0, self.spec.steps, length):
            yield slice(start, min(start + length, self.spec.steps))

    def _train_epoch(
        self,
        feature_rows: torch.Tensor,
        target_rows: torch.Tensor,
        active: npt.NDArray[np.bool_],
        masks: Mapping[str, torch.Tensor],
    ) -> npt.NDArray[np.float64]:
        """Trains the active slots on batches of rows; returns their mean losses before each step, (slots, outputs).

        feature_rows, target_rows: (steps, slots, batch). active: (steps, slots). masks: (steps, slots, batch, units) each.
        """
        total = np.zeros(self.loss_weights.shape)
        for block in self._step_blocks():
            features = self._inputs(feature_rows[block])
            targets, shares = self._labels(target_rows[block])
            scales = shares * self.factors.unsqueeze(1)
            raw = torch.empty_like(shares)
            steps = zip(features, targets, scales, raw, active[block], self._step_masks(masks, block), strict=True)
            for step_features, step_targets, step_scales, step_raw, step_active, step_masks in steps:
                answers = self.network.forward(step_features, True, step_masks)
                step_raw.copy_(answers)
                self.losses.differentiate(answers, step_targets, step_scales)
                self.network.backward(self.optimizer.gradient)
                self.optimizer.step(step_active)
            # The losses are only recorded, so those of a block are computed together.
            losses = self.losses.means(raw, targets, shares).cpu().numpy()
            total += np.where(active[block][..., None], losses, 0).sum(axis=0)
        mean: npt.NDArray[np.float64] = total / np.maximum(active.sum(axis=0), 1)[:, None]
        return mean

    def _step_masks(self, masks: Mapping[str, torch.Tensor], block: slice) -> Iterator[StepMasks | None]:
        """The masks of each step of a block as the network takes them, None where nothing is dropped."""
        scale = kept_scale(self.spec.architecture)
        whole = {name: mask[block].to(self.device).to(self.flat.dtype) * scale for name, mask in masks.items()}
        for step in range(block.stop - block.start):
            yield {name: mask[step] for name, mask in whole.items()} if whole else None

    def _validate(self, batches: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """Each slot's validation losses, (slots, outputs). batches: rows, (batches, slots, batch)."""
        answers = []
        for rows in batches:
            raw = self.network.forward(self._inputs(rows), train=False)
            answers.append(raw.clone())
        raw = torch.cat(answers, dim=1)[:, : self.spec.validation]
        return self.losses.means(raw, targets, shares)

    def _stop_early(self, losses: npt.NDArray[np.floating], totals: npt.NDArray[np.floating]) -> None:
        """Copies the best weights and stops slots after an epoch. losses: of validation, (slots, outputs); totals:
        weighted, (slots,)."""
        self.stopping, improved = after_epoch(self.stopping, losses, totals, self.spec.recipe)
        if improved.any():
            slots, checkpoints = (torch.from_numpy(index).to(self.device) for index in np.nonzero(improved))
            self.best_flat[slots, checkpoints] = self.flat[slots]

    def best(self, slot: int) -> list[dict[str, npt.NDArray[np.floating]]]:
        return self._named(self.best_flat[slot])

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named(self.flat[slot : slot + 1])[0]

    def _named(self, rows: torch.Tensor) -> list[dict[str, npt.NDArray[np.floating]]]:
        """The weights in each row of parameters, (rows, parameters), by name."""
        views = self.layout.views(rows)
        return [{name: view[row].cpu().numpy().copy() for name, view in views.items()} for row in range(len(rows))]


def predict(network: Architecture, requests: Sequence[tuple[Weights, Float32Array]], device: str) -> list[Float32Array]:
    """Each request's answers, (rows, units), by the stock module with the request's weights."""
    answers = []
    for weights, rows in requests:
        tensor = torch.from_numpy(rows).to(device)
        module = build(network, weights, device, tensor.dtype).eval()
        with torch.inference_mode():
            answers.append(torch.cat(module(tensor), dim=1).cpu().numpy())
    return answers
