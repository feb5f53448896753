"""One optimiser over a stack: every slot with its own step count, idle slots untouched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Recipe

# The library's kernel corrects Adam's bias by 1 - beta^t. With t this large the correction is 1 in any precision, and
# ours goes into the learning rate, because epsilon is added before the correction here and after it there.
NO_CORRECTION = 1e9


class StackedOptimizer:
    """SGD, Adam or AdamW on the rows of ``flat``, (slots, parameters), with gradients in the rows of ``gradient``.

    Slots that move and have the same step count are updated by one call of the library's fused kernel over their
    rows. Sixty-four slots with sixty-four counts take sixty-four calls, and still less time than the same formula in
    whole-stack operations with a rate per slot.
    """

    def __init__(self, recipe: Recipe, flat: torch.Tensor) -> None:
        self.recipe = recipe
        self.gradient = torch.zeros_like(flat)
        moments = [] if recipe.optimizer == "sgd" else [torch.zeros_like(flat), torch.zeros_like(flat)]
        self.moments = moments
        self.rows = [list(state.unbind(0)) for state in (flat, self.gradient, *moments)]
        self.count = [0] * len(flat)
        self.late = torch.tensor(NO_CORRECTION, device=flat.device)
        self.key: bytes | None = None

    def reset(self, slots: Sequence[int]) -> None:
        """Fresh state for new occupants of these slots."""
        for moment in self.moments:
            moment[torch.tensor(slots, device=moment.device)] = 0
        for slot in slots:
            self.count[slot] = 0
        self.key = None

    def step(self, moving: npt.NDArray[np.bool_]) -> None:
        """Updates the moving slots."""
        self._group(moving)
        for slots, rows in self.groups:
            for slot in slots:
                self.count[slot] += 1
            self._update(rows, self.count[slots[0]])

    def _group(self, moving: npt.NDArray[np.bool_]) -> None:
        """The moving slots by step count. Who moves changes a few times an epoch, and those who move stay in step."""
        key = moving.tobytes()
        if key == self.key:
            return
        self.key = key
        by_count: dict[int, list[int]] = {}
        for slot in np.flatnonzero(moving).tolist():
            by_count.setdefault(self.count[slot], []).append(slot)
        self.groups = [(slots, [[part[slot] for slot in slots] for part in self.rows]) for slots in by_count.values()]

    def _update(self, rows: list[list[torch.Tensor]], count: int) -> None:
        """One update of these rows, whose count-th it is.

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
        # The kernel multiplies the decay by the rate it is given; the decay's own rate is the uncorrected one.
        weights, gradients, first, second = rows
        torch._fused_adamw_(
            weights,
            gradients,
            first,
            second,
            [],
            [self.late] * len(weights),
            lr=corrected,
            beta1=beta_1,
            beta2=beta_2,
            weight_decay=decay * rate / corrected,
            eps=ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )
