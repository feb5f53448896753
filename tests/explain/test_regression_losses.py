"""The sentence on losses follows planted similarities and errors."""

from __future__ import annotations

import numpy as np

from jointbench.explain.regression_losses import LOSSES, Errors, LossComparison, answer
from jointbench.explain.similarity import Similarity

FOLDS = 5


def planted(difference: float, mae: tuple[float, float, float]) -> LossComparison:
    """Networks of MSE and MAE this much less (negative) or more alike than two seeds; the other pairs as alike."""
    names = ("MSE and MAE", "MSE and Huber", "MAE and Huber")
    within = np.full((FOLDS, 1), 0.8)
    similarities = tuple(
        Similarity(name, within + change + 0.002 * np.arange(FOLDS)[:, None], within)
        for name, change in zip(names, (difference, 0.0, 0.0), strict=True)
    )
    errors = {loss: Errors(1.0 + i, value) for i, (loss, value) in enumerate(zip(LOSSES, mae, strict=True))}
    return LossComparison("y", FOLDS, similarities, errors)


def test_losses_as_close_as_two_seeds() -> None:
    alike = answer(planted(-0.01, (0.7, 0.5, 0.6)), "d", "torch").sentence
    representations, errors = alike.split(";")
    assert "even the two losses least alike, MSE and MAE," in representations
    assert "as close as two seeds" in representations
    assert "absolute error is MAE's (0.500 sd)" in errors
    assert "RMSE MSE's (1.000 sd)" in errors


def test_losses_further_apart_than_two_seeds() -> None:
    apart = answer(planted(-0.4, (0.5, 0.7, 0.6)), "d", "torch").sentence
    representations, errors = apart.split(";")
    assert "least alike, MSE and MAE," in representations
    assert "further apart than two seeds" in representations
    assert "CKA 0.40 against 0.80, difference -0.40" in representations
    assert "even" not in apart
    assert "absolute error is MSE's (0.500 sd)" in errors
