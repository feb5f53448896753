"""The rows of a call in the device's memory, and the counters by which a step finds its own there.

All buffers are allocated once and stay where they are. A call's row numbers come in one copy each; what the steps of an
epoch read is laid out before its first step, so that a step only picks its part.
"""

from __future__ import annotations

import numpy as np
import torch

from jointbench.backends.batched.program import BatchRows, PackedData
from jointbench.backends.pytorch.batched.network_stack import NetworkStack, gathered, in_batches, with_margin
from jointbench.backends.pytorch.batched.operations import StepMasks
from jointbench.networks.dropout import kept_scale


class DeviceRows:
    """Row numbers, labels and dropout masks of a call, its epochs' and its steps'.

    epoch, step: counters of one element each, the epoch in the call and the step in the epoch.
    features, targets, scales: the batch of the step that ``next_step`` went to, as a stack differentiates it.
    answers: of the epoch's steps, (steps, slots, batch, columns).
    """

    def __init__(self, stack: NetworkStack, data: PackedData) -> None:
        self.stack, self.spec = stack, stack.spec
        spec, new = stack.spec, stack.flat.new_zeros
        slots, batch, columns = spec.slots, spec.batch, stack.losses.columns
        rows, batches = spec.steps * slots * batch, -(-spec.validation // batch)
        table = with_margin(torch.as_tensor(data.features).to(stack.device), stack.network)
        self.table = table.flatten(1)
        self.epoch, self.step, self.masks_step = (new(1, dtype=torch.long) for _ in range(3))

        self.call_features, self.call_targets = (new(spec.epochs, rows, dtype=torch.int32) for _ in range(2))
        self.call_active = new(spec.epochs, spec.steps * slots, dtype=torch.bool)
        self.epoch_features, self.epoch_targets = (new(1, rows, dtype=torch.int32) for _ in range(2))
        self.epoch_active = new(1, spec.steps * slots, dtype=torch.bool)
        self.active = self.epoch_active.view(spec.steps, slots)

        # of each row its targets, then its weights, which become its scales before the steps
        self.labels = new(spec.steps, slots, batch, 2 * columns)
        self.answers = new(spec.steps, slots, batch, columns)
        self.step_features = new(1, slots * batch, dtype=torch.int32)
        self.step_labels = new(1, slots, batch, 2 * columns)
        self.targets, self.scales = self.step_labels[0].split(columns, dim=-1)
        self.inputs = new(slots * batch, self.table.shape[1])
        self.features = self.inputs.view(slots, batch, *table.shape[1:])

        self.validation_features = new(batches, slots * batch, dtype=torch.int32)
        self.validation_labels = new(slots, spec.validation, 2 * columns)
        self.validation_answers = new(slots, batches * batch, columns)

        sizes = {layer.name: (slots, batch, layer.units) for layer in spec.architecture.dropped}
        self.call_masks = {name: new(spec.epochs * spec.steps, *size, dtype=torch.bool) for name, size in sizes.items()}
        self.step_masks = {name: new(1, *size, dtype=torch.bool) for name, size in sizes.items()}
        self.masks = {name: new(*size) for name, size in sizes.items()}

    def begin_call(self, rows: BatchRows) -> None:
        """Copies a call's rows to the device."""
        self.epoch.zero_()
        self.masks_step.zero_()
        for buffer, part in (
            (self.call_features, rows.feature_rows),
            (self.call_targets, rows.target_rows),
            (self.call_active, rows.active),
            *((self.call_masks[name], mask) for name, mask in rows.masks.items()),
        ):
            buffer.view(part.shape).copy_(torch.from_numpy(np.ascontiguousarray(part)))
        features, label_rows = (
            torch.from_numpy(part).to(self.stack.device) for part in (rows.validation_features, rows.validation_targets)
        )
        batches = in_batches(features, self.spec.batch)
        self.validation_features.view(batches.shape).copy_(batches)
        self.validation_labels.copy_(gathered(self.stack.labels, label_rows))
        _, weights = self.validation_labels.split(self.stack.losses.columns, dim=-1)
        weights.copy_(self.stack.losses.shares(weights))

    def begin_epoch(self) -> None:
        """Lays out what the epoch's steps read."""
        self.step.zero_()
        torch.index_select(self.call_features, 0, self.epoch, out=self.epoch_features)
        torch.index_select(self.call_targets, 0, self.epoch, out=self.epoch_targets)
        torch.index_select(self.call_active, 0, self.epoch, out=self.epoch_active)
        _, shares = self.gather_labels()
        shares.mul_(self.stack.factors.unsqueeze(1))

    def gather_labels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Targets and shares of all rows of the epoch, (steps, slots, batch, columns) each."""
        torch.index_select(self.stack.labels, 0, self.epoch_targets[0], out=self.labels.flatten(0, 2))
        targets, weights = self.labels.split(self.stack.losses.columns, dim=-1)
        weights.copy_(self.stack.losses.shares(weights))
        return targets, weights

    def next_step(self) -> StepMasks | None:
        """Fetches the batch of the step that the counter is at; returns its masks."""
        steps = self.spec.steps
        torch.index_select(self.epoch_features.view(steps, -1), 0, self.step, out=self.step_features)
        torch.index_select(self.table, 0, self.step_features[0], out=self.inputs)
        torch.index_select(self.labels, 0, self.step, out=self.step_labels)
        for name, mask in self.masks.items():
            torch.index_select(self.call_masks[name], 0, self.masks_step, out=self.step_masks[name])
            mask.copy_(self.step_masks[name][0]).mul_(kept_scale(self.spec.architecture))
        return self.masks or None

    def keep_answers(self, answers: torch.Tensor) -> None:
        """Keeps the raw answers of the step that the counter is at, (slots, batch, columns)."""
        self.answers.index_copy_(0, self.step, answers.unsqueeze(0))

    def end_step(self) -> None:
        self.step.add_(1)
        if self.masks:
            self.masks_step.add_(1)

    def validation_inputs(self, batch: int) -> torch.Tensor:
        """The features of a batch of validation rows, in the buffer of the steps' batches."""
        torch.index_select(self.table, 0, self.validation_features[batch], out=self.inputs)
        return self.features
