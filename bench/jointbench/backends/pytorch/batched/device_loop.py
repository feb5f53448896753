"""A call of a stack's program that nothing interrupts: its rows, counters and early stopping lie on the device.

An epoch is three sorts of work without a value of the host: laying it out, its steps, and its end. Each is launched over
and over; on CUDA a launch replays a graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramStep
from jointbench.backends.early_stopping import Arrays, StoppingState, after_epoch, initial_state
from jointbench.backends.pytorch.batched.device_optimizer import DeviceOptimizer
from jointbench.backends.pytorch.batched.device_rows import DeviceRows
from jointbench.backends.pytorch.batched.network_stack import NetworkStack
from jointbench.backends.pytorch.launcher import Launcher, make_launcher


def _where(condition: torch.Tensor, then: torch.Tensor | int, otherwise: torch.Tensor) -> torch.Tensor:
    """PyTorch's where copies a number of the host to the device; its fill takes one along."""
    return (
        torch.where(condition, then, otherwise)
        if isinstance(then, torch.Tensor)
        else otherwise.masked_fill(condition, then)
    )


TENSORS = Arrays(_where, lambda conditions: conditions.any(dim=-1))


class DeviceLoop:
    """Epochs of a stack with counters and stopping on the device; the host learns of them after a call."""

    def __init__(self, stack: NetworkStack, data: PackedData) -> None:
        self.stack, self.spec = stack, stack.spec
        spec, device = stack.spec, stack.device
        self.rows = DeviceRows(stack, data)
        self.optimizer = DeviceOptimizer(spec, stack.flat, stack.gradient)
        self.stopping = StoppingState(
            best_loss=stack.flat.new_full((spec.slots, spec.checkpoints), np.inf),
            waited=torch.zeros(spec.slots, dtype=torch.long, device=device),
            epochs=torch.zeros(spec.slots, dtype=torch.long, device=device),
            training=torch.zeros(spec.slots, dtype=torch.bool, device=device),
        )
        outputs = len(spec.architecture.heads)
        # by epoch and slot: the training losses, the validation losses and their weighted sum
        self.losses = stack.flat.new_zeros(spec.epochs, spec.slots, 2 * outputs + 1)
        self.launchers: list[Launcher] | None = None

    @property
    def eager_reason(self) -> str | None:
        return next((launch.eager_reason for launch in self.launchers or () if launch.eager_reason), None)

    @property
    def state(self) -> list[torch.Tensor]:
        """What one launch changes and a later one reads."""
        stack, rows = self.stack, self.rows
        parts = [stack.flat, stack.best_flat, *self.optimizer.moments, self.optimizer.count, self.losses]
        return [*parts, *vars(self.stopping).values(), rows.epoch, rows.step, rows.masks_step]

    def reset(self, slots: Sequence[int]) -> None:
        index = torch.tensor(slots, device=self.stack.device)
        self.optimizer.reset(index)
        for name, value in vars(initial_state()).items():
            getattr(self.stopping, name)[index] = torch.as_tensor(value).to(getattr(self.stopping, name))

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None) -> ProgramStep:
        self.rows.begin_call(rows)
        if self.launchers is None:
            works = (self.begin_epoch, self.step, self.end_epoch)
            self.launchers = [make_launcher(work, self.stack.device, self.state) for work in works]
        begin_epoch, step, end_epoch = self.launchers
        for _ in range(self.spec.epochs):
            begin_epoch()
            for _ in range(self.spec.steps):
                step()
            end_epoch()
        if meanwhile is not None:  # a device has been told what to do, and has done little of it
            meanwhile()
        losses = self.losses.cpu().numpy()
        outputs = len(self.spec.architecture.heads)
        train, validation, total = np.split(losses, (outputs, 2 * outputs), axis=2)
        return ProgramStep(train.astype(np.float64), validation.astype(np.float64), total[..., 0].copy())

    def begin_epoch(self) -> None:
        """Lays out the epoch that the counter is at: who trains in which step, by what numbers, on which rows."""
        self.rows.begin_epoch()
        self.rows.active.logical_and_(self.stopping.training)
        self.optimizer.begin_epoch(self.rows.active)

    def step(self) -> None:
        """Takes one optimisation step of every slot that trains."""
        masks = self.rows.next_step()
        self.stack.differentiate(self.rows.features, self.rows.targets, self.rows.scales, masks, self.rows.keep_answers)
        self.optimizer.step(self.rows.step)
        self.rows.end_step()

    def end_epoch(self) -> None:
        """Keeps the epoch's losses and the best weights, and stops slots."""
        validation = self._validation_losses()
        total = (validation * self.stack.loss_weights).sum(dim=1)
        losses = torch.cat([self._training_losses(), validation, total.unsqueeze(1)], dim=1)
        self.losses.index_copy_(0, self.rows.epoch, losses.unsqueeze(0))
        after, improved = after_epoch(self.stopping, validation, total, self.spec.recipe, TENSORS)
        for name, value in vars(after).items():
            getattr(self.stopping, name).copy_(value)
        best, now = self.stack.best_flat, self.stack.flat.unsqueeze(1)
        torch.where(improved.unsqueeze(-1), now, best, out=best)
        self.rows.epoch.add_(1)

    def _training_losses(self) -> torch.Tensor:
        """The mean of the losses before the slots' steps of the epoch, (slots, outputs)."""
        active = self.rows.active
        targets, shares = self.rows.gather_labels()
        losses = self.stack.losses.means(self.rows.answers, targets, shares)
        total = losses.masked_fill(~active.unsqueeze(-1), 0.0).sum(dim=0)
        return total / active.sum(dim=0).clamp_min(1).unsqueeze(1)

    def _validation_losses(self) -> torch.Tensor:
        """Each slot's validation losses, (slots, outputs)."""
        rows = self.rows
        batch = self.spec.batch
        for number in range(len(rows.validation_features)):
            answers = self.stack.network.forward(rows.validation_inputs(number), train=False)
            rows.validation_answers[:, number * batch : (number + 1) * batch] = answers
        targets, shares = rows.validation_labels.split(self.stack.losses.columns, dim=-1)
        return self.stack.losses.means(rows.validation_answers[:, : self.spec.validation], targets, shares)
