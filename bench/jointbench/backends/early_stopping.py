"""When training stops and which epoch's weights it keeps: the one rule of every training loop.

Training stops after ``patience`` epochs without a lower weighted validation loss (0 and 1 are the same), or at the
recipe's limit of epochs. It keeps the weights of the first epoch with the lowest loss. Keras `fit` has its own
implementation; tests hold it to this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from jointbench.types import Recipe

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class StoppingState:
    """Early stopping after some epochs: of one network as numbers, or of a stack as arrays or tensors (slots,).

    best_loss: the lowest weighted validation loss so far. waited: epochs since then. epochs: trained so far. training:
    false once training has stopped.
    """

    best_loss: Any
    waited: Any
    epochs: Any
    training: Any


def initial_state() -> StoppingState:
    """The state of one network before its first epoch."""
    return StoppingState(float("inf"), 0, 0, True)


def after_epoch(
    before: StoppingState, loss: Any, recipe: Recipe, where: Callable[[Any, Any, Any], Any]
) -> tuple[StoppingState, Any]:
    """The state after one more epoch, and whether that epoch is the best so far.

    loss: weighted validation loss after the epoch; NaN is never the best. where: ``where(condition, then, otherwise)``
    for the state's type: ``choose`` for numbers, else the array library's own. What has stopped keeps its best loss.
    """
    improved = before.training & (loss < before.best_loss)
    waited = where(improved, 0, before.waited + 1)
    epochs = where(before.training, before.epochs + 1, before.epochs)
    training = before.training & (waited < max(recipe.patience, 1)) & (epochs < recipe.max_epochs)
    return StoppingState(where(improved, loss, before.best_loss), waited, epochs, training), improved


def choose(condition: bool, then: T, otherwise: T) -> T:
    """``where`` of plain numbers."""
    return then if condition else otherwise
