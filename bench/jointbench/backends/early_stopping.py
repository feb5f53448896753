"""When training stops and which epochs' weights it keeps: the one rule of every training loop.

A network keeps the weights of the first epoch with the lowest weighted validation loss; or for each output those of the
first epoch with the lowest validation loss of that output, where the recipe has a checkpoint of each output. Training
stops after ``patience`` epochs in which none of them improved (0 and 1 are the same), or at the recipe's limit of epochs.
Keras `fit` has its own implementation of the first; tests hold it to this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jointbench.types import Recipe


@dataclass(frozen=True, eq=False)
class StoppingState:
    """Early stopping after some epochs: of one network, or of a stack as arrays or tensors (slots,).

    best_loss: the lowest loss so far of each checkpoint, with an axis of checkpoints at the end. waited: epochs since any
    of them was lowered. epochs: trained so far. training: false once training has stopped.
    """

    best_loss: Any
    waited: Any
    epochs: Any
    training: Any


@dataclass(frozen=True)
class Arrays:
    """An array library. where: ``where(condition, then, otherwise)``. any_of: whether any holds, along the last axis."""

    where: Callable[[Any, Any, Any], Any]
    any_of: Callable[[Any], Any]


NUMPY = Arrays(np.where, lambda conditions: np.any(conditions, axis=-1))


def checkpoints_kept(recipe: Recipe, outputs: int) -> int:
    """Of how many epochs a network keeps the weights."""
    return outputs if recipe.checkpoint == "output" else 1


def initial_state(checkpoints: int = 1) -> StoppingState:
    """The state of one network before its first epoch."""
    return StoppingState(np.full(checkpoints, np.inf), np.int64(0), np.int64(0), np.bool_(True))


def after_epoch(
    before: StoppingState, losses: Any, total: Any, recipe: Recipe, arrays: Arrays = NUMPY
) -> tuple[StoppingState, Any]:
    """The state after one more epoch, and of which checkpoints that epoch is the best so far, (..., checkpoints).

    losses: each output's validation loss after the epoch, (..., outputs). total: their weighted sum, (...); an epoch in
    which it is not finite is never the best. What has stopped keeps its best loss.
    """
    watched = losses if recipe.checkpoint == "output" else total[..., None]
    improved = (before.training & (total < np.inf))[..., None] & (watched < before.best_loss)
    waited = arrays.where(arrays.any_of(improved), 0, before.waited + 1)
    epochs = arrays.where(before.training, before.epochs + 1, before.epochs)
    training = before.training & (waited < max(recipe.patience, 1)) & (epochs < recipe.max_epochs)
    best_loss = arrays.where(improved, watched, before.best_loss)
    return StoppingState(best_loss, waited, epochs, training), improved
