"""One optimiser over a stack: every slot with its own step count, idle slots untouched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Recipe

# PyTorch's kernel divides by Adam's bias correction, 1 - beta^t, before it adds epsilon. Here epsilon comes first, as
# in Keras: the kernel gets a t for which the correction is 1 in any precision, and ours goes into the learning rate.
NO_CORRECTION = 1e9


class StackedOptimizer:
    """SGD, Adam or AdamW on the rows of ``flat``, (slots, parameters), with gradients in the rows of ``gradient``.

    Active slots with the same step count are updated by one call of PyTorch's fused kernel over their rows. Even one
    call for each of 64 slots is faster than the same formula in whole-stack operations with a rate per slot.
    """

    def __init__(self, recipe: Recipe, flat: torch.Tensor, gradient: torch.Tensor) -> None:
        self.recipe = recipe
        moments = [] if recipe.optimizer == "sgd" else [torch.zeros_like(flat), torch.zeros_like(flat)]
        self.moments = moments
        self.rows = [list(state.unbind(0)) for state in (flat, gradient, *moments)]
        self.count = [0] * len(flat)
        self.uncorrected_step = torch.tensor(NO_CORRECTION, device=flat.device)
        self.key: bytes | None = None

    def reset(self, slots: Sequence[int]) -> None:
        """Resets the state of these slots, for new networks."""
        for moment in self.moments:
            moment[torch.tensor(slots, device=moment.device)] = 0
        for slot in slots:
            self.count[slot] = 0
        self.key = None

    def step(self, active: npt.NDArray[np.bool_]) -> None:
        """Updates the active slots."""
        self._group(active)
        for slots, rows in self.groups:
            for slot in slots:
                self.count[slot] += 1
            self._update(rows, self.count[slots[0]])

    def _group(self, active: npt.NDArray[np.bool_]) -> None:
        """Groups the active slots by step count, anew only when the active slots change (a few times an epoch)."""
        key = active.tobytes()
        if key == self.key:
            return
        self.key = key
        by_count: dict[int, list[int]] = {}
        for slot in np.flatnonzero(active).tolist():
            by_count.setdefault(self.count[slot], []).append(slot)
        self.groups = [(slots, [[part[slot] for slot in slots] for part in self.rows]) for slots in by_count.values()]

    def _update(self, rows: list[list[torch.Tensor]], count: int) -> None:
        """One update of these rows. count: the number of this update, from 1.

        SGD: w <- (1 - rate decay) w - rate g. Adam: m <- m + (1 - b1)(g - m), v <- v + (1 - b2)(g^2 - v),
        w <- (1 - rate decay) w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon), decay 0 unless AdamW.
        """
        recipe, rate = self.recipe, self.recipe.learning_rate
        decay = recipe.weight_decay if recipe.optimizer != "adam" else 0.0
        if recipe.optimizer == "sgd":
            weights, gradients = rows
            if decay:
                torch._foreach_mul_(weights, 1 - rate * decay)
            torch._foreach_add_(weights, gradients, alpha=-rate)
            return
        beta_1, beta_2 = ADAM_BETAS
        corrected = rate * (1 - beta_2**count) ** 0.5 / (1 - beta_1**count)
        # The kernel multiplies the decay by the corrected rate, but the decay's rate is the uncorrected one.
        weights, gradients, first, second = rows
        torch._fused_adamw_(
            weights,
            gradients,
            first,
            second,
            [],
            [self.uncorrected_step] * len(weights),
            lr=corrected,
            beta1=beta_1,
            beta2=beta_2,
            weight_decay=decay * rate / corrected,
            eps=ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )
