"""The update of a whole stack at once, with the step count of every slot on the device."""

from __future__ import annotations

import math

import torch

from jointbench.backends.batched.program import ProgramSpec
from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON


class DeviceOptimizer:
    """SGD, Adam or AdamW on all rows of ``flat`` in operations over the whole stack, each slot by its own numbers.

    The numbers of an epoch's steps are computed together before the first: they follow from the step counts before it
    and from who is active. An idle slot's say that nothing changes: a rate of 0, moments kept whole. Its gradient is set
    to 0, because one that is not finite would pass through a factor of 0. The formulas are those of ``optimizer``.
    """

    def __init__(self, spec: ProgramSpec, flat: torch.Tensor, gradient: torch.Tensor) -> None:
        self.recipe, self.flat, self.gradient = spec.recipe, flat, gradient
        slots, steps = spec.slots, spec.steps
        adam = spec.recipe.optimizer != "sgd"
        self.moments = [torch.zeros_like(flat) for _ in range(2 * adam)]
        self.change = torch.zeros_like(flat) if adam else gradient
        self.count = torch.zeros(slots, dtype=torch.long, device=flat.device)
        # (steps, numbers, slots): the new part of the first moment, what is kept of the second, minus the rate, what is
        # kept of the weights
        self.numbers = flat.new_zeros(steps, 4, slots)
        self.idle = torch.zeros(steps, slots, dtype=torch.bool, device=flat.device)
        self.step_numbers = flat.new_zeros(1, 4, slots)
        self.step_idle = torch.zeros(1, slots, dtype=torch.bool, device=flat.device)

    def reset(self, index: torch.Tensor) -> None:
        """Resets the state of these slots, for new networks."""
        self.count[index] = 0
        for moment in self.moments:
            moment[index] = 0

    def begin_epoch(self, active: torch.Tensor) -> None:
        """Computes the numbers of the epoch's steps. active: (steps, slots)."""
        recipe = self.recipe
        torch.logical_not(active, out=self.idle)
        counts = (self.count + active.cumsum(0)).double()
        self.count.add_(active.sum(0))
        rates = active.double() * recipe.learning_rate
        if self.moments:
            first, second = (-torch.expm1(counts * math.log(beta)) for beta in ADAM_BETAS)  # 1 - beta^count
            rates = rates * second.sqrt() / first.masked_fill(counts == 0, 1.0)
            for number, beta in enumerate(ADAM_BETAS):
                self.numbers[:, number] = active.double() * (beta - 1) + 1
            self.numbers[:, 0] = 1 - self.numbers[:, 0]
        decay = recipe.weight_decay if recipe.optimizer != "adam" else 0.0
        self.numbers[:, 2] = -rates
        self.numbers[:, 3] = 1 - active.double() * (recipe.learning_rate * decay)

    def step(self, at: torch.Tensor) -> None:
        """Updates the slots that are active in this step of the epoch. at: a counter of one element."""
        torch.index_select(self.numbers, 0, at, out=self.step_numbers)
        torch.index_select(self.idle, 0, at, out=self.step_idle)
        new_first, kept_second, minus_rate, kept_weights = self.step_numbers[0].unsqueeze(-1).unbind(0)
        self.gradient.masked_fill_(self.step_idle[0].unsqueeze(1), 0.0)
        if self.moments:
            first, second = self.moments
            first.lerp_(self.gradient, new_first)
            second.mul_(kept_second).addcmul_(self.gradient, self.gradient, value=1 - ADAM_BETAS[1])
            torch.sqrt(second, out=self.change).add_(ADAM_EPSILON)
            torch.div(first, self.change, out=self.change)
        if self.recipe.weight_decay and self.recipe.optimizer != "adam":
            self.flat.mul_(kept_weights)
        self.flat.addcmul_(self.change, minus_rate)
