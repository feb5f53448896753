"""A network trained in a stack is the network that the stock loop trains alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_jobs import INPUTS, OUTPUTS, JobSpec, make_job
from jointbench.backends.base import Job, Precision
from jointbench.backends.batched import stack_size
from jointbench.backends.protocols import Backend
from jointbench.networks.initialization import initial_weights
from jointbench.types import Recipe

RECIPES = [
    # Powers of two, because Keras keeps learning rates in float32 whatever the layers' precision.
    Recipe(optimizer="sgd", learning_rate=2**-3, batch_size=16, max_epochs=40, patience=3),
    Recipe(optimizer="sgd", learning_rate=2**-3, batch_size=16, max_epochs=40, patience=3, weight_decay=2**-4),
    Recipe(optimizer="adam", learning_rate=2**-7, batch_size=16, max_epochs=25, patience=4),
    Recipe(optimizer="adamw", learning_rate=2**-7, batch_size=16, max_epochs=25, patience=4, weight_decay=2**-3),
]


def _stack(outputs: str, trunk: str, recipe: Recipe, precision: Precision, count: int) -> list[Job]:
    """Jobs alike in shape alone: own data, weights, batch order, row counts, loss weights."""
    jobs = [
        make_job(JobSpec(outputs=outputs, trunk=trunk, recipe=recipe, precision=precision, seed=seed))
        for seed in range(count)
    ]
    return [
        replace(
            job,
            train=job.train[: 100 - 7 * i],
            validation=job.validation[: 30 - i],
            test=job.test[: 30 - 2 * i],
            loss_weights=tuple(weight * (1 + i / 4) for weight in job.loss_weights),
        )
        for i, job in enumerate(jobs)
    ]


@pytest.mark.parametrize(
    ("trunk", "recipe"),
    [
        # the optimisers do not know what layers the weights are of: one of them on images is enough
        pytest.param(
            trunk,
            recipe,
            marks=pytest.mark.slow if (trunk == "image" and name != "adam") or "decay" in name else (),
            id=f"{trunk}-{name}",
        )
        for trunk in INPUTS
        for name, recipe in zip(("sgd", "sgd with decay", "adam", "adamw"), RECIPES, strict=True)
    ],
)
def test_in_float64_stacked_and_alone_are_the_same_fit(backend: Backend, trunk: str, recipe: Recipe) -> None:
    """Same stop, same best epoch, same steps, same curves, same weights, in a stack of 8 with mixed heads.

    Every third is trained alone too (Keras takes seconds for each).
    """
    jobs = _stack("mixed", trunk, recipe, "float64", 8)
    for job, trained in list(zip(jobs, backend.fit_stacked(jobs).trained, strict=True))[::3]:
        alone = backend.fit(job)
        assert (trained.epochs, trained.best_epoch, trained.steps, trained.rows_seen, trained.stopped_by) == (
            alone.epochs,
            alone.best_epoch,
            alone.steps,
            alone.rows_seen,
            alone.stopped_by,
        )
        np.testing.assert_allclose(trained.validation_loss, alone.validation_loss, rtol=1e-6)
        np.testing.assert_allclose(trained.train_loss, alone.train_loss, rtol=1e-6)
        for name, weights in trained.weights.items():
            np.testing.assert_allclose(weights, alone.weights[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(RECIPES[1], marks=pytest.mark.slow, id="sgd with decay"),
        pytest.param(RECIPES[2], id="adam"),
        pytest.param(RECIPES[3], marks=pytest.mark.slow, id="adamw"),
    ],
)
@pytest.mark.parametrize("trunk", INPUTS)
def test_networks_of_other_widths_and_outputs_share_a_program(backend: Backend, trunk: str, recipe: Recipe) -> None:
    """Padded with zeros to one shape, each is still the network that trains alone, in its own shape."""
    specs = [
        JobSpec(outputs="regression", trunk=trunk, recipe=recipe, precision="float64", seed=1),
        JobSpec(outputs="multiclass", trunk=trunk, recipe=recipe, precision="float64", seed=2, widths=(9, 11), head=3),
        JobSpec(outputs="binary", trunk=trunk, recipe=recipe, precision="float64", seed=3, widths=(5, 8), head=7),
    ]
    jobs = [make_job(spec) for spec in specs]
    for job, trained in zip(jobs, backend.fit_stacked(jobs).trained, strict=True):
        alone = backend.fit(job)
        assert (trained.epochs, trained.best_epoch, trained.steps) == (alone.epochs, alone.best_epoch, alone.steps)
        np.testing.assert_allclose(trained.validation_loss, alone.validation_loss, rtol=1e-6)
        np.testing.assert_allclose(trained.predictions, alone.predictions, atol=1e-5)
        for layer in job.architecture.layers:
            assert trained.weights[f"{layer.name}/kernel"].shape == layer.kernel_shape
            np.testing.assert_allclose(
                trained.weights[f"{layer.name}/kernel"], alone.weights[f"{layer.name}/kernel"], rtol=1e-5, atol=1e-7
            )


@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("trunk", INPUTS)
def test_in_float32_the_losses_of_three_epochs_agree(backend: Backend, outputs: str, trunk: str) -> None:
    jobs = _stack(
        outputs,
        trunk,
        Recipe(optimizer="sgd", learning_rate=0.05, batch_size=16, max_epochs=3, patience=9),
        "float32",
        8,
    )
    for job, trained in list(zip(jobs, backend.fit_stacked(jobs).trained, strict=True))[::3]:
        np.testing.assert_allclose(trained.validation_loss, backend.fit(job).validation_loss, rtol=1e-4)


@pytest.mark.parametrize("trunk", INPUTS)
def test_refilling_slots_changes_no_result(backend: Backend, trunk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven jobs in two slots have the results of seven jobs in seven slots."""
    jobs = _stack("mixed", trunk, RECIPES[0], "float64", 7)
    wide = backend.fit_stacked(jobs)
    monkeypatch.setattr(stack_size, "MAX_STACK", 2)
    narrow = backend.fit_stacked(jobs)
    assert (wide.slots, narrow.slots) == (7, 2)
    for trained, other in zip(wide.trained, narrow.trained, strict=True):
        assert trained.epochs == other.epochs
        np.testing.assert_allclose(trained.validation_loss, other.validation_loss, rtol=1e-9)
        np.testing.assert_allclose(trained.predictions, other.predictions, atol=1e-6)


def test_a_diverging_neighbour_changes_no_other_job(backend: Backend) -> None:
    """One job's weights overflow: it is recorded as failed, and the other trains as if alone."""
    good, bad = _stack(
        "regression",
        "table",
        Recipe(optimizer="sgd", learning_rate=0.05, batch_size=16, max_epochs=10, patience=3),
        "float32",
        2,
    )
    bad = replace(bad, features=bad.features * np.float32(1e20))
    trained, failed = backend.fit_stacked([good, bad]).trained
    assert failed.failure is not None
    assert "not finite" in failed.failure
    assert trained.failure is None
    np.testing.assert_allclose(trained.validation_loss, backend.fit(good).validation_loss, rtol=1e-4)


def test_the_scored_network_is_the_one_that_is_served(backend: Backend) -> None:
    jobs = _stack("mixed", "table", RECIPES[2], "float32", 3)
    for job, trained in zip(jobs, backend.fit_stacked(jobs).trained, strict=True):
        served = backend.server([(job.architecture, trained.weights)])(job.features[job.test])[0]
        np.testing.assert_allclose(served, trained.predictions, rtol=1e-5, atol=1e-6)


def test_stacks_of_equal_specs_share_a_program(backend: Backend) -> None:
    """A second stack of the same shape compiles nothing, whatever data it holds."""
    recipe = Recipe(optimizer="adam", learning_rate=1.23e-2, batch_size=16, max_epochs=7, patience=4)
    first = backend.fit_stacked(_stack("binary", "table", recipe, "float32", 4))
    again = backend.fit_stacked(_stack("binary", "table", recipe, "float32", 4)[::-1])
    assert first.compilations in (0, 1)
    assert again.compilations == 0


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), count=st.integers(1, 5), batch=st.sampled_from([1, 7, 16, 200]), data=st.data())
def test_neighbours_and_order_change_nothing(
    backend: Backend, seed: int, count: int, batch: int, data: st.DataObject
) -> None:
    """A job has the same curve beside any other jobs, in any order."""
    recipe = Recipe(optimizer="sgd", learning_rate=0.02, batch_size=batch, max_epochs=4, patience=2)
    pool = [
        replace(job, initial=initial_weights(job.architecture, ["r"], seed + i), seed=seed + i)
        for i, job in enumerate(_stack("regression", "table", recipe, "float64", count))
    ]
    order = data.draw(st.permutations(range(count)))
    together = backend.fit_stacked([pool[i] for i in order]).trained
    chosen = data.draw(st.integers(0, count - 1))
    alone = backend.fit_stacked([pool[order[chosen]]]).trained[0]
    np.testing.assert_allclose(together[chosen].validation_loss, alone.validation_loss, rtol=1e-9)


def test_stack_size_is_a_function_of_shapes_and_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(JobSpec())
    size = stack_size.stack_size(job.architecture, job.recipe, "float32", 1000)
    assert size == stack_size.stack_size(job.architecture, job.recipe, "float32", 1000) <= stack_size.MAX_STACK
    assert stack_size.stack_size(job.architecture, job.recipe, "float32", 3) == 3
    monkeypatch.setattr(stack_size, "MEMORY_BUDGET_BYTES", 1)
    assert stack_size.stack_size(job.architecture, job.recipe, "float32", 1000) == 1
