"""A call of a stack's program as a processor takes it fastest: many steps' rows gathered at a time, early stopping and
step counts in numpy, updates slot by slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramStep
from jointbench.backends.early_stopping import StoppingState, after_epoch, initial_state
from jointbench.backends.pytorch.batched.network_stack import NetworkStack, gathered, in_batches
from jointbench.backends.pytorch.batched.operations import StepMasks
from jointbench.backends.pytorch.batched.optimizer import StackedOptimizer
from jointbench.networks.dropout import kept_scale

GATHERED_BYTES = 4 * 2**20  # of rows gathered at a time: many steps of a small stack, and they fit the cache


class HostLoop:
    """Epochs of a stack with counters and stopping on the host, which knows after each epoch who trains."""

    eager_reason: str | None = None

    def __init__(self, stack: NetworkStack, data: PackedData) -> None:
        self.stack, self.spec, self.device = stack, stack.spec, stack.device
        self.features = torch.as_tensor(data.features).to(self.device)
        self.optimizer = StackedOptimizer(self.spec.recipe, stack.flat, stack.gradient)
        slots = self.spec.slots
        self.stopping = StoppingState(
            best_loss=np.full((slots, self.spec.checkpoints), np.inf),
            waited=np.zeros(slots, np.int64),
            epochs=np.zeros(slots, np.int64),
            training=np.zeros(slots, np.bool_),
        )

    def reset(self, slots: Sequence[int]) -> None:
        self.optimizer.reset(slots)
        new = list(slots)
        for name, value in vars(initial_state()).items():
            getattr(self.stopping, name)[new] = value

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None) -> ProgramStep:
        """The host is busy all the while, so it does nothing else."""
        feature_rows, target_rows, validation_features, validation_targets = (
            torch.as_tensor(part).to(self.device).contiguous()
            for part in (rows.feature_rows, rows.target_rows, rows.validation_features, rows.validation_targets)
        )
        train, validation, totals = [], [], []
        targets, shares = self._labels(validation_targets)
        batches = in_batches(validation_features, self.spec.batch)
        for epoch in range(self.spec.epochs):
            active = rows.active[epoch] & self.stopping.training
            masks = {name: torch.from_numpy(mask[epoch]) for name, mask in rows.masks.items()}
            train.append(self._train_epoch(feature_rows[epoch], target_rows[epoch], active, masks))
            losses = self._validate(batches, targets, shares)
            validation.append(losses.cpu().numpy().astype(np.float64))
            totals.append((losses * self.stack.loss_weights).sum(dim=1).cpu().numpy())
            self._stop_early(validation[-1], totals[-1])
        return ProgramStep(np.stack(train), np.stack(validation), np.stack(totals))

    def _inputs(self, rows: torch.Tensor) -> torch.Tensor:
        """The features of these rows, with a column of ones, which the first layer's bias multiplies: added here, because
        a table with such a column is another copy. Images get theirs after the convolutions."""
        if self.spec.architecture.convs:
            return gathered(self.features, rows)
        columns = self.features.shape[1]
        inputs = self.features.new_empty(rows.numel(), columns + 1)
        inputs[:, columns] = 1
        torch.index_select(self.features, 0, rows.reshape(-1), out=inputs[:, :columns])
        return inputs.view(*rows.shape, columns + 1)

    def _labels(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Targets and shares of these rows, (..., rows, columns) each."""
        losses = self.stack.losses
        targets, weights = gathered(self.stack.labels, rows).split(losses.columns, dim=-1)
        return targets, losses.shares(weights)

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
        total = np.zeros(self.stack.loss_weights.shape)
        for block in self._step_blocks():
            features = self._inputs(feature_rows[block])
            targets, shares = self._labels(target_rows[block])
            scales = shares * self.stack.factors.unsqueeze(1)
            raw = torch.empty_like(shares)
            steps = zip(features, targets, scales, self._step_masks(masks, block), raw, active[block], strict=True)
            for step_features, step_targets, step_scales, step_masks, step_raw, step_active in steps:
                self.stack.differentiate(step_features, step_targets, step_scales, step_masks, step_raw.copy_)
                self.optimizer.step(step_active)
            # The losses are only recorded, so those of a block are computed together.
            losses = self.stack.losses.means(raw, targets, shares).cpu().numpy()
            total += np.where(active[block][..., None], losses, 0).sum(axis=0)
        mean: npt.NDArray[np.float64] = total / np.maximum(active.sum(axis=0), 1)[:, None]
        return mean

    def _step_masks(self, masks: Mapping[str, torch.Tensor], block: slice) -> Iterator[StepMasks | None]:
        """The masks of each step of a block as the network takes them, None where nothing is dropped."""
        scale = kept_scale(self.spec.architecture)
        whole = {name: mask[block].to(self.device).to(self.stack.flat.dtype) * scale for name, mask in masks.items()}
        for step in range(block.stop - block.start):
            yield {name: mask[step] for name, mask in whole.items()} if whole else None

    def _validate(self, batches: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """Each slot's validation losses, (slots, outputs). batches: rows, (batches, slots, batch)."""
        answers = []
        for rows in batches:
            raw = self.stack.network.forward(self._inputs(rows), train=False)
            answers.append(raw.clone())
        raw = torch.cat(answers, dim=1)[:, : self.spec.validation]
        return self.stack.losses.means(raw, targets, shares)

    def _stop_early(self, losses: npt.NDArray[np.floating], totals: npt.NDArray[np.floating]) -> None:
        """Copies the best weights and stops slots after an epoch. losses: of validation, (slots, outputs); totals:
        weighted, (slots,)."""
        self.stopping, improved = after_epoch(self.stopping, losses, totals, self.spec.recipe)
        if improved.any():
            slots, checkpoints = (torch.from_numpy(index).to(self.device) for index in np.nonzero(improved))
            self.stack.best_flat[slots, checkpoints] = self.stack.flat[slots]
