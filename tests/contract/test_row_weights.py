"""Weights of rows: a loss is the weighted mean, in the stock loop and in the engine, in training and in validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Job, Trained
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.types import Recipe

ROWS = np.arange(40)
TWICE = ROWS[::3]
FULL_BATCHES = JobSpec(
    precision="float64", recipe=Recipe(optimizer="sgd", learning_rate=0.05, batch_size=500, max_epochs=3, patience=9)
)


def weighing(job: Job, factor: float, rows: np.ndarray) -> Job:
    weights = job.weights.astype(np.float64)
    weights[rows] *= factor
    return replace(job, weights=weights)


def twice(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, rows[::3]])


def test_a_row_of_weight_two_pulls_as_two_rows_do(diagnostics: Diagnostics) -> None:
    job = make_job(JobSpec(precision="float64"))
    weighted = diagnostics.gradients(weighing(job, 2.0, TWICE), ROWS)
    repeated = diagnostics.gradients(job, np.concatenate([ROWS, TWICE]))
    np.testing.assert_allclose(weighted.losses, repeated.losses, rtol=1e-12)
    for name, gradient in repeated.total.items():
        np.testing.assert_allclose(weighted.total[name], gradient, rtol=1e-9, atol=1e-12)
    plain = diagnostics.gradients(job, ROWS)
    assert not np.allclose(weighted.losses, plain.losses, rtol=1e-3)


@pytest.mark.parametrize("engine", [False, True], ids=["stock loop", "engine"])
def test_training_and_validation_take_weights_as_repeated_rows(backend: Backend, engine: bool) -> None:
    job = make_job(FULL_BATCHES)
    marked = np.concatenate([job.train[::3], job.validation[::3]])
    repeated = replace(job, train=twice(job.train), validation=twice(job.validation))
    weighted, doubled, plain = (
        _trained(backend, one, engine=engine) for one in (weighing(job, 2.0, marked), repeated, job)
    )
    for curves in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(getattr(weighted, curves), getattr(doubled, curves), rtol=1e-6)
        assert not np.allclose(getattr(weighted, curves), getattr(plain, curves), rtol=1e-3)
    for name, values in doubled.weights.items():
        np.testing.assert_allclose(weighted.weights[name], values, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("engine", [False, True], ids=["stock loop", "engine"])
def test_only_the_ratio_of_weights_counts(backend: Backend, engine: bool) -> None:
    job = make_job(FULL_BATCHES)
    plain, scaled = (
        _trained(backend, one, engine=engine) for one in (job, weighing(job, 3.0, np.arange(len(job.weights))))
    )
    np.testing.assert_allclose(scaled.validation_loss, plain.validation_loss, rtol=1e-6)
    for name, values in plain.weights.items():
        np.testing.assert_allclose(scaled.weights[name], values, rtol=1e-6, atol=1e-9)


def _trained(backend: Backend, job: Job, *, engine: bool) -> Trained:
    return backend.fit_stacked([job]).trained[0] if engine else backend.fit(job)
