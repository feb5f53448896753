"""Absolute and Huber's loss: every loop trains with the job's, or refuses the job."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import OUTPUTS, JobSpec, make_job
from jointbench.backends.base import Job, Pattern, RegressionLoss
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.backends.registry import untrainable_reason
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.networks.loss_weighting import METHODS
from jointbench.types import IntArray, Recipe, Shape, Weighting


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
    by_hand: dict[RegressionLoss, np.ndarray] = {
        "squared": size**2,
        "absolute": size,
        "huber": np.where(size <= 1, size**2 / 2, size - 0.5),
    }
    for loss, expected in by_hand.items():
        changed = replace(job, regression_loss=loss)
        (trained,) = backend.fit_stacked([changed]).trained
        assert trained.validation_loss[0, 0] == pytest.approx(np.average(expected, weights=weights), rel=1e-5)


STILL = Recipe(optimizer="sgd", learning_rate=1e-30, batch_size=100, max_epochs=1, patience=1)  # one step, no change
NOT_SQUARED: tuple[RegressionLoss, ...] = ("absolute", "huber")


def under(job: Job, weighting: Weighting) -> Job:
    return replace(job, recipe=replace(job.recipe, weighting=weighting))


def mixed_job(loss: RegressionLoss, recipe: Recipe = STILL) -> Job:
    """Three outputs on heads of one layer, the first a regression; every label known, residuals beyond Huber's bend."""
    job = make_job(JobSpec(recipe=recipe, precision="float64"))
    network = architecture(Shape((16, 8)), (7,), OUTPUTS["mixed"])
    return replace(
        job,
        architecture=network,
        weights=np.ones_like(job.weights),
        initial=initial_weights(network, ["r", "b", "m"], 5),
        regression_loss=loss,
    )


def loss_by_hand(backend: Backend, job: Job, rows: IntArray) -> float:
    """The regression output's mean loss at the initial weights."""
    answers = backend.server([(job.architecture, job.initial)])(job.features[rows])[0][:, 0]
    size = np.abs(answers - job.targets[rows, 0])
    assert (size < 1).any()
    assert (size > 1).any()
    by_row = {"squared": size**2, "absolute": size, "huber": np.where(size <= 1, size**2 / 2, size - 0.5)}
    return float(by_row[job.regression_loss].mean())


@pytest.mark.parametrize("loss", NOT_SQUARED)
def test_every_loop_trains_and_validates_with_the_job_s_loss(
    backend: Backend, diagnostics: Diagnostics, loss: RegressionLoss
) -> None:
    job = mixed_job(loss)
    expected = [loss_by_hand(backend, job, rows) for rows in (job.train, job.validation)]
    methods = [name for name in METHODS if name != "uw" and untrainable_reason(backend.name, name) is None]
    fits = {
        "stock loop": backend.fit(job),
        "engine": backend.fit_stacked([job]).trained[0],
        **{name: backend.fit(under(job, name)) for name in methods},
    }
    for name, trained in fits.items():
        losses = [trained.train_loss[0, 0], trained.validation_loss[0, 0]]
        assert losses == pytest.approx(expected, rel=1e-5), name
    patterns: tuple[Pattern, ...] = ("sliced", "branched", "hand-written")
    for pattern in patterns:
        history = diagnostics.tutorial(job, pattern)
        losses = [history.losses[0, 0], history.validation_losses[0, 0]]
        assert losses == pytest.approx(expected, rel=1e-5), pattern


@pytest.mark.parametrize("loss", NOT_SQUARED)
def test_gradients_are_those_of_the_job_s_loss(
    backend: Backend, diagnostics: Diagnostics, loss: RegressionLoss
) -> None:
    """Of the total, of each output alone, along the trunk, in a step and in code as tutorials write it."""
    job = mixed_job(loss, replace(STILL, learning_rate=2**-4))
    gradients = diagnostics.gradients(job, job.train)
    assert gradients.losses[0] == pytest.approx(loss_by_hand(backend, job, job.train), rel=1e-5)
    trunk = [f"{layer.name}/{part}" for layer in job.architecture.trunk for part in ("kernel", "bias")]
    flat = np.stack([np.concatenate([alone[name].ravel() for name in trunk]) for alone in gradients.alone])
    gramian = diagnostics.trunk_gramians(job, (0,), job.train).large_batch[0]
    np.testing.assert_allclose(gramian, flat @ flat.T, rtol=1e-6)
    after_one = backend.steps(job, 1)
    tutorial = diagnostics.tutorial(job, "branched").gradients
    for name, total in gradients.total.items():
        summed = sum(weight * alone[name] for weight, alone in zip(job.loss_weights, gradients.alone, strict=True))
        np.testing.assert_allclose(summed, total, rtol=1e-6, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(after_one[name], job.initial[name] - total / 16, atol=1e-7, err_msg=name)
        np.testing.assert_allclose(tutorial[name], total, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("loss", NOT_SQUARED)
def test_a_loop_that_is_for_squared_errors_refuses_another_loss(
    backend: Backend, diagnostics: Diagnostics, loss: RegressionLoss
) -> None:
    """Kendall's uncertainty has a Gaussian likelihood; the loops of tutorials are written with squares."""
    with pytest.raises(ValueError, match=f"uncertainty weighting needs squared errors.*'{loss}'"):
        backend.fit(under(mixed_job(loss), "uw"))
    with pytest.raises(ValueError, match="needs squared errors"):
        diagnostics.reference_loops(mixed_job(loss), 1)
    without = make_job(JobSpec(outputs="binary", recipe=STILL))
    assert backend.fit(under(replace(without, regression_loss=loss), "uw")).failure is None


def test_a_stack_of_unlike_losses_is_refused(backend: Backend) -> None:
    """It has one program, which would train all of them with the first one's loss."""
    with pytest.raises(ValueError, match="must agree in recipe, regression loss and precision"):
        backend.fit_stacked([mixed_job("squared"), mixed_job("huber")])
