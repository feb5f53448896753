"""The two frameworks train the same network the same way: same outputs, same steps, same stop, same scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import INPUTS, OUTPUTS, JobSpec, make_job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.types import Recipe

pytestmark = pytest.mark.skipif(
    any(unavailable_reason(name) for name in BACKENDS), reason="comparing the frameworks needs both installed"
)
BOTH = Callable[[str], Backend]


@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("trunk", INPUTS)
def test_copied_initial_weights_give_equal_outputs(backend_named: BOTH, outputs: str, trunk: str) -> None:
    job = make_job(JobSpec(outputs=outputs, trunk=trunk))
    rows = job.features[:9]
    torch, tensorflow = (
        backend_named(name).server([(job.architecture, job.initial)])(rows)[0] for name in ("torch", "tensorflow")
    )
    assert torch.shape == (9, sum(job.architecture.units))
    np.testing.assert_allclose(torch, tensorflow, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("trunk", INPUTS)
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(optimizer="sgd", learning_rate=1e-2, batch_size=16, max_epochs=30, patience=4),
        Recipe(optimizer="sgd", learning_rate=1e-2, batch_size=16, max_epochs=30, patience=4, weight_decay=0.1),
        Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16, max_epochs=30, patience=4),
        Recipe(optimizer="adamw", learning_rate=1e-2, batch_size=16, max_epochs=30, patience=4, weight_decay=0.1),
    ],
    ids=["sgd", "sgd with decay", "adam", "adamw"],
)
def test_ten_steps_give_equal_weights(backend_named: BOTH, outputs: str, trunk: str, recipe: Recipe) -> None:
    """Ten steps cross an epoch's end (7 batches of 100 rows by 16, the last one short)."""
    job = make_job(JobSpec(outputs=outputs, trunk=trunk, recipe=recipe))
    torch, tensorflow = (backend_named(name).steps(job, 10) for name in ("torch", "tensorflow"))
    moved = max(np.abs(torch[name] - job.initial[name]).max() for name in torch)
    assert moved > 1e-3
    for name, weights in torch.items():
        np.testing.assert_allclose(weights, tensorflow[name], atol=2e-5 * max(1, moved / 0.1), err_msg=name)


@pytest.mark.parametrize("trunk", INPUTS)
@pytest.mark.parametrize("outputs", ["mixed", "binary"])
def test_a_whole_fit_is_the_same(backend_named: BOTH, outputs: str, trunk: str) -> None:
    """In float64 rounding is too small to move the stop: same epochs, same best epoch, same curves.

    With SGD, because Keras's Adam holds its betas in float32 whatever the layers' precision.
    """
    job = make_job(
        JobSpec(
            outputs=outputs,
            trunk=trunk,
            recipe=Recipe(optimizer="sgd", learning_rate=0.1, batch_size=16, max_epochs=40, patience=3),
            precision="float64",
        )
    )
    torch, tensorflow = (backend_named(name).fit(job) for name in ("torch", "tensorflow"))
    assert (torch.epochs, torch.best_epoch, torch.steps, torch.stopped_by) == (
        tensorflow.epochs,
        tensorflow.best_epoch,
        tensorflow.steps,
        tensorflow.stopped_by,
    )
    if outputs == "mixed":  # with one output Keras averages the training loss over rows, not over steps
        np.testing.assert_allclose(torch.train_loss, tensorflow.train_loss, rtol=1e-7)
    np.testing.assert_allclose(torch.validation_loss, tensorflow.validation_loss, rtol=1e-7)
    np.testing.assert_allclose(torch.predictions, tensorflow.predictions, atol=1e-5)


def test_runs_to_the_limit_when_patience_is_long(backend: Backend) -> None:
    job = make_job(
        JobSpec(recipe=Recipe(optimizer="adam", learning_rate=1e-3, batch_size=16, max_epochs=3, patience=50))
    )
    trained = backend.fit(job)
    assert (trained.epochs, trained.stopped_by) == (3, "limit")
    assert trained.epoch_seconds.shape == (3,)


def test_rows_of_weight_zero_change_nothing(backend: Backend) -> None:
    """A missing label's stand-in value must not reach any loss: whatever stands there, the fit is the same."""
    job = make_job(JobSpec())
    garbage = np.where(job.weights == 0, np.float32(2), job.targets)
    first, second = backend.fit(job), backend.fit(replace(job, targets=garbage))
    np.testing.assert_array_equal(first.validation_loss, second.validation_loss)
    np.testing.assert_array_equal(first.predictions, second.predictions)


def test_the_same_seed_gives_the_same_fit_and_another_seed_another(backend: Backend) -> None:
    job = make_job(JobSpec())
    first, again, other = backend.fit(job), backend.fit(job), backend.fit(replace(job, seed=job.seed + 1))
    np.testing.assert_array_equal(first.predictions, again.predictions)
    assert np.abs(first.predictions - other.predictions).max() > 1e-4


def test_training_learns_what_can_be_learnt(backend: Backend) -> None:
    trained = backend.fit(
        make_job(
            JobSpec(
                outputs="regression",
                recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16, max_epochs=60, patience=10),
            )
        )
    )
    assert trained.validation_loss.min() < 0.5 * trained.validation_loss[0, 0]
