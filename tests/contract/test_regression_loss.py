"""Absolute and Huber's loss: the engine trains what the frameworks' own losses train, and not what squares train."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Backend, RegressionLoss
from jointbench.types import Recipe


@pytest.mark.parametrize("loss", ["absolute", "huber"])
def test_in_float64_stacked_and_alone_are_the_same_fit(backend: Backend, loss: RegressionLoss) -> None:
    """Mixed heads: the loss is the regression output's alone."""
    jobs = [
        replace(
            make_job(
                JobSpec(
                    outputs="mixed",
                    recipe=Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=16, max_epochs=6, patience=3),
                    precision="float64",
                    seed=seed,
                )
            ),
            regression_loss=loss,
        )
        for seed in (1, 2)
    ]
    stacked = backend.fit_stacked(jobs).trained
    alone = backend.fit(jobs[1])
    assert stacked[1].epochs == alone.epochs
    np.testing.assert_allclose(stacked[1].validation_loss, alone.validation_loss, rtol=1e-6)
    np.testing.assert_allclose(stacked[1].train_loss, alone.train_loss, rtol=1e-6)
    for name, weights in stacked[1].weights.items():
        np.testing.assert_allclose(weights, alone.weights[name], rtol=1e-5, atol=1e-7)


def test_the_curve_is_in_the_loss_it_is_called(backend: Backend) -> None:
    """Validation losses of the untouched initial weights (a rate of nearly 0), by hand from the predictions."""
    job = make_job(
        JobSpec(
            outputs="regression",
            recipe=Recipe(optimizer="sgd", learning_rate=1e-30, batch_size=16, max_epochs=1, patience=1),
        )
    )
    residual = (backend.server([(job.architecture, job.initial)])(job.features)[0][:, 0] - job.targets[:, 0])[
        job.validation
    ]
    weights = job.weights[job.validation, 0]
    size = np.abs(residual)
    by_hand = {
        "squared": size**2,
        "absolute": size,
        "huber": np.where(size <= 1, size**2 / 2, size - 0.5),
    }
    for loss, expected in by_hand.items():
        changed = replace(job, regression_loss=loss)  # type: ignore[arg-type]  # its values
        (trained,) = backend.fit_stacked([changed]).trained
        assert trained.validation_loss[0, 0] == pytest.approx(np.average(expected, weights=weights), rel=1e-5)
