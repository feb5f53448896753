"""Methods that weigh the outputs' losses in training: checked against formulas, each other, TorchJD and the stock loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import RECIPE, JobSpec, make_job
from jointbench.backends import registry
from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason, untrainable_reason
from jointbench.backends.weighting.dynamic_average import dynamic_weights
from jointbench.networks.loss_weighting import METHODS
from jointbench.types import Recipe, Weighting

BOTH = Callable[[str], Backend]
ONE_STEP_AN_EPOCH = Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=100, max_epochs=3, patience=9)
FACTORS = np.array([0.5, 1.0, 1.0])  # of Kendall's likelihoods: a regression, two kinds of classes


def under(job: Job, weighting: Weighting, **recipe: object) -> Job:
    return replace(job, recipe=replace(job.recipe, weighting=weighting, **recipe))  # type: ignore[arg-type]


def trainable(backend: Backend) -> list[Weighting]:
    return [name for name in METHODS if untrainable_reason(backend.name, name) is None]


def test_every_method_that_the_registry_names_learns_in_its_own_way(backend: Backend) -> None:
    assert {"uw", "dwa"} <= set(trainable(backend))
    job = make_job(JobSpec(recipe=replace(RECIPE, max_epochs=4)))
    fits = [backend.fit(under(job, method)) for method in trainable(backend)]
    for trained in fits:
        assert trained.failure is None
        assert (trained.validation_loss[-1] < trained.validation_loss[0]).all()
    assert len({trained.validation_loss[-1, 0] for trained in fits}) == len(fits)


@pytest.mark.skipif(any(unavailable_reason(name) for name in BACKENDS), reason="needs both frameworks")
@pytest.mark.parametrize("method", ["uw", "dwa"])
@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("adamw", marks=pytest.mark.slow)])
def test_both_frameworks_take_the_same_steps(backend_named: BOTH, method: Weighting, optimizer: str) -> None:
    """Over three epochs of seven batches, the last one short; in float64, with weight decay and dropout: same curves, same
    weights. Adam's constants are float32 in Keras."""
    recipe = replace(RECIPE, optimizer=optimizer, weight_decay=0.1, max_epochs=4, weighting=method)  # type: ignore[arg-type]
    job = make_job(JobSpec(recipe=recipe, precision="float64", dropout=0.25 if optimizer == "sgd" else 0.0))
    torch, tensorflow = (backend_named(name) for name in ("torch", "tensorflow"))
    ours, theirs = torch.fit(job), tensorflow.fit(job)
    tolerance = 1e-6 if optimizer == "sgd" else 1e-4
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=tolerance)
    np.testing.assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=tolerance)
    after, after_theirs = torch.steps(job, 24), tensorflow.steps(job, 24)
    for name, weights in after.items():
        np.testing.assert_allclose(weights, after_theirs[name], atol=tolerance / 10, err_msg=name)


def test_dynamic_average_follows_its_formula(backend: Backend) -> None:
    """The third epoch moves as under the formula's weights; all rows in one batch, so that an epoch is one step."""
    job = make_job(JobSpec(recipe=ONE_STEP_AN_EPOCH, precision="float64"))
    trained = backend.fit(under(job, "dwa"))
    two = backend.fit(under(job, "", max_epochs=2))
    assert two.best_epoch == 1  # so that its weights are those after two epochs
    np.testing.assert_allclose(trained.train_loss[:2], two.train_loss, rtol=1e-9)
    factors = dynamic_weights(trained.train_loss[:2])
    third = replace(
        under(job, "", max_epochs=1), initial=two.weights, loss_weights=tuple(np.array(job.loss_weights) * factors)
    )
    assert np.abs(factors - 1).max() > 1e-3  # so that this can fail
    for reached in (trained.weights, backend.steps(under(job, "dwa"), 3)):
        for name, weights in backend.steps(third, 1).items():
            np.testing.assert_allclose(reached[name], weights, atol=1e-9, err_msg=name)


def test_dynamic_average_by_hand() -> None:
    """Losses 1 -> 1/2 and 1 -> 1 have rates 1/2 and 1: 2 softmax((1/4, 1/2))."""
    assert dynamic_weights(np.ones((1, 2))) == pytest.approx([1, 1])
    expected = 2 * np.exp([0.25, 0.5]) / np.exp([0.25, 0.5]).sum()
    assert dynamic_weights(np.array([[9.0, 9.0], [1.0, 1.0], [0.5, 1.0]])) == pytest.approx(expected)
    assert dynamic_weights(np.array([[2.0, 4.0], [1.0, 2.0]])) == pytest.approx([1, 1])  # equal rates: equal weights


def test_uncertainty_s_steps_are_kendall_s(backend: Backend) -> None:
    """ds = 1/2 - factor x weighted loss, so after one SGD step exp(-s) is known in closed form and weighs step two. With
    weight decay, which the log variances have none of."""
    recipe = replace(ONE_STEP_AN_EPOCH, weight_decay=2**-3)
    job = make_job(JobSpec(recipe=recipe, precision="float64"))
    fixed = np.array(job.loss_weights)
    after_one = backend.steps(replace(job, loss_weights=tuple(FACTORS * fixed)), 1)
    losses = backend.fit(under(job, "uw", max_epochs=1)).train_loss[0]
    variances = -(2**-4) * (0.5 - FACTORS * fixed * losses)
    second = replace(job, initial=after_one, loss_weights=tuple(FACTORS * np.exp(-variances) * fixed))
    expected, reached = backend.steps(second, 1), backend.steps(under(job, "uw"), 2)
    for name, weights in expected.items():
        np.testing.assert_allclose(reached[name], weights, atol=1e-9, err_msg=name)


def test_the_steps_that_are_timed_are_the_method_s(backend: Backend) -> None:
    job = under(make_job(JobSpec()), "uw")
    trainer = backend.trainer([job], 4)
    trainer(time.perf_counter)
    (timed,) = trainer.weights()
    trainer.close()
    for name, weights in backend.steps(job, trainer.warm_up + 4).items():
        np.testing.assert_allclose(timed[name], weights, atol=1e-6, err_msg=name)


def test_a_network_of_one_output_is_trained_plainly(backend: Backend) -> None:
    job = make_job(JobSpec(outputs="regression"))
    plain = backend.steps(job, 3)
    for name, weights in backend.steps(under(job, "uw"), 3).items():
        np.testing.assert_array_equal(weights, plain[name])


def test_the_engine_refuses_what_it_would_train_otherwise(backend: Backend) -> None:
    job = make_job(JobSpec())
    with pytest.raises(ValueError, match="fixed loss weights, not uw"):
        backend.fit_stacked([under(job, "uw")])


def test_what_cannot_be_trained_has_a_reason_that_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert untrainable_reason("tensorflow", "famo") == "tensorflow does not train famo; torch does"
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: None)
    missing = "pcgrad needs torchjd, which is not installed: pip install 'jointbench[methods]'"
    assert untrainable_reason("torch", "pcgrad") == missing
    assert untrainable_reason("torch", "uw") is None
    assert untrainable_reason("torch", "") is None
