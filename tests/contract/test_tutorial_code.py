"""The code people paste, in every backend: three ways to write one model, and what their loops report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import OUTPUTS, JobSpec, make_job
from jointbench.backends.base import Job, Pattern, Precision
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Recipe, Shape

PATTERNS: tuple[Pattern, ...] = ("sliced", "branched", "hand-written")
ROUNDING = {"float32": 1e-5, "float64": 1e-12}


def _job(
    trunk: str = "table",
    precision: Precision = "float32",
    batch: int = 20,
    weights: tuple[float, ...] = (2.0, 1.0, 0.5),
) -> Job:
    """Mixed heads of one layer, every label known, 100 rows."""
    job = make_job(
        JobSpec(
            outputs="mixed",
            trunk=trunk,
            recipe=Recipe(optimizer="sgd", learning_rate=2**-5, batch_size=batch, max_epochs=3, patience=3),
            precision=precision,
        )
    )
    built = architecture(
        Shape((16, 8), (), (4, 6) if trunk == "image" else ()), job.architecture.input_shape, OUTPUTS["mixed"]
    )
    return replace(
        job,
        architecture=built,
        weights=np.ones_like(job.weights),
        loss_weights=weights,
        initial=initial_weights(built, ["r", "b", "m"], 5),
    )


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("trunk", ["table", "image"])
def test_a_sliced_head_and_heads_of_their_own_are_one_model(
    diagnostics: Diagnostics, trunk: str, precision: Precision
) -> None:
    """Equal gradients of every weight to rounding, equal losses of every epoch; so is the loop written by hand."""
    job = _job(trunk, precision)
    sliced, branched, written = (diagnostics.tutorial(job, pattern) for pattern in PATTERNS)
    assert set(branched.gradients) == set(job.initial)
    for other in (sliced, written):
        for name, gradient in branched.gradients.items():
            assert gradient.shape == job.initial[name].shape
            scale = np.abs(gradient).max()
            assert scale > 0
            np.testing.assert_allclose(other.gradients[name], gradient, atol=ROUNDING[precision] * scale, rtol=0)
        np.testing.assert_allclose(other.validation_losses, branched.validation_losses, rtol=10 * ROUNDING[precision])


def test_the_tutorial_trains_the_network_that_the_engine_trains(backend: Backend, diagnostics: Diagnostics) -> None:
    """Same batches, same steps: the validation losses of the stacked engine."""
    job = _job(precision="float64")
    (engine,) = backend.fit_stacked([job]).trained
    np.testing.assert_allclose(
        diagnostics.tutorial(job, "branched").validation_losses, engine.validation_loss, rtol=1e-6
    )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_total_is_the_weighted_sum_where_batches_are_equal(diagnostics: Diagnostics, pattern: Pattern) -> None:
    """Every epoch, training and validation, in the precision of the report; and it is not the plain sum."""
    job = _job()
    run = diagnostics.tutorial(job, pattern)
    np.testing.assert_allclose(run.total, run.losses @ job.loss_weights, rtol=1e-6)
    np.testing.assert_allclose(run.validation_total, run.validation_losses @ job.loss_weights, rtol=1e-6)
    assert (np.abs(run.total - run.losses.sum(axis=1)) > 1e-2 * run.total).all()


def test_deep_heads_of_unequal_depth_can_be_branched(backend: Backend, diagnostics: Diagnostics) -> None:
    """The forum's network: one output straight from the trunk, one through a layer of its own."""
    job = _job()
    heads = job.architecture.heads
    deep = architecture(Shape((16, 8), (5,)), job.architecture.input_shape, OUTPUTS["mixed"]).heads[1]
    built = replace(job.architecture, heads=(heads[0], deep, heads[2]))
    job = replace(job, architecture=built, initial=initial_weights(built, ["r", "b", "m"], 5), precision="float64")
    (engine,) = backend.fit_stacked([job]).trained
    np.testing.assert_allclose(
        diagnostics.tutorial(job, "branched").validation_losses, engine.validation_loss, rtol=1e-6
    )
