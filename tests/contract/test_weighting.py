"""Methods that adapt the loss weights: checked against formulas, each other and the stock loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import RECIPE, JobSpec, make_job
from jointbench.backends.loss_weighting import DYNAMIC, FIXED, METHODS, MGDA, UNCERTAINTY, dynamic_weights
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.types import Recipe

SGD = Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=16, max_epochs=3, patience=9)


def _runnable(diagnostics: Diagnostics) -> list[str]:
    return [name for name, reason in diagnostics.weighting_methods().items() if reason is None]


@pytest.mark.parametrize(
    "recipe", [replace(RECIPE, max_epochs=8), replace(SGD, weight_decay=2**-4)], ids=["adam", "sgd"]
)
def test_fixed_weights_are_the_stock_loop(backend: Backend, diagnostics: Diagnostics, recipe: Recipe) -> None:
    """The loop around the methods changes nothing by itself: same curves, same stop, same predictions."""
    job = make_job(JobSpec(recipe=recipe, precision="float64"))
    ours, stock = diagnostics.fit_weighted(job, FIXED), backend.fit(job)
    assert (ours.epochs, ours.best_epoch, ours.stopped_by) == (stock.epochs, stock.best_epoch, stock.stopped_by)
    np.testing.assert_allclose(ours.validation_loss, stock.validation_loss, rtol=1e-6)
    np.testing.assert_allclose(ours.predictions, stock.predictions, rtol=1e-4, atol=1e-5)


def test_every_method_runs_or_has_a_reason(diagnostics: Diagnostics) -> None:
    assert set(diagnostics.weighting_methods()) == set(METHODS)
    assert {UNCERTAINTY, DYNAMIC} <= set(_runnable(diagnostics))


def test_every_method_learns_and_repeats_itself(diagnostics: Diagnostics) -> None:
    job = make_job(JobSpec(recipe=replace(RECIPE, max_epochs=6)))
    for method in _runnable(diagnostics):
        first, again = diagnostics.fit_weighted(job, method), diagnostics.fit_weighted(job, method)
        assert first.failure is None
        assert (first.validation_loss[-1] < first.validation_loss[0]).all(), method
        np.testing.assert_array_equal(first.validation_loss, again.validation_loss)


def test_dynamic_average_follows_its_formula(diagnostics: Diagnostics) -> None:
    """The third epoch moves as under the formula's weights; all rows in one batch, so that an epoch is one step."""
    job = make_job(
        JobSpec(
            recipe=Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=100, max_epochs=3, patience=9),
            precision="float64",
        )
    )
    trained = diagnostics.fit_weighted(job, DYNAMIC)
    two = diagnostics.fit_weighted(replace(job, recipe=replace(job.recipe, max_epochs=2)), FIXED)
    assert two.best_epoch == 1  # so that its weights are those after two epochs
    np.testing.assert_allclose(trained.train_loss[:2], two.train_loss, rtol=1e-9)
    third = replace(
        job,
        recipe=replace(job.recipe, max_epochs=1),
        initial=two.weights,
        loss_weights=tuple(np.array(job.loss_weights) * dynamic_weights(trained.train_loss[:2])),
    )
    expected = diagnostics.fit_weighted(third, FIXED).validation_loss[0]
    np.testing.assert_allclose(trained.validation_loss[2], expected, rtol=1e-9)
    plain = diagnostics.fit_weighted(replace(third, loss_weights=job.loss_weights), FIXED).validation_loss[0]
    assert not np.allclose(expected, plain, rtol=1e-7)  # the weights are not 1, so this can fail


def test_dynamic_average_by_hand() -> None:
    """Losses 1 -> 1/2 and 1 -> 1 have rates 1/2 and 1: 2 softmax((1/4, 1/2))."""
    assert dynamic_weights(np.ones((1, 2))) == pytest.approx([1, 1])
    expected = 2 * np.exp([0.25, 0.5]) / np.exp([0.25, 0.5]).sum()
    assert dynamic_weights(np.array([[9.0, 9.0], [1.0, 1.0], [0.5, 1.0]])) == pytest.approx(expected)
    assert dynamic_weights(np.array([[2.0, 4.0], [1.0, 2.0]])) == pytest.approx([1, 1])  # equal rates: equal weights


def test_uncertainty_s_first_step_is_kendall_s_gradient(diagnostics: Diagnostics) -> None:
    """At s = 0 a step is that under weights 1/2 (regression) and 1. An epoch is one batch, so the first is one step."""
    job = make_job(
        JobSpec(
            recipe=Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=100, max_epochs=1, patience=9),
            precision="float64",
        )
    )
    halved = replace(job, loss_weights=tuple(np.array(job.loss_weights) * [0.5, 1.0, 1.0]))
    trained, expected = diagnostics.fit_weighted(job, UNCERTAINTY), diagnostics.fit_weighted(halved, FIXED)
    np.testing.assert_allclose(trained.validation_loss, expected.validation_loss, rtol=1e-10)


def test_uncertainty_s_second_step_has_moved_the_variances(diagnostics: Diagnostics) -> None:
    """ds = 1/2 - factor x weighted loss, so after one SGD step exp(-s) is known in closed form and weighs step two."""
    rate = 2**-4
    job = make_job(
        JobSpec(
            recipe=Recipe(optimizer="sgd", learning_rate=rate, batch_size=100, max_epochs=2, patience=9),
            precision="float64",
        )
    )
    trained = diagnostics.fit_weighted(job, UNCERTAINTY)
    factors = np.array([0.5, 1.0, 1.0])
    variances = -rate * (0.5 - factors * np.array(job.loss_weights) * trained.train_loss[0])
    first = replace(job, recipe=replace(job.recipe, max_epochs=1))
    after_one = diagnostics.fit_weighted(first, UNCERTAINTY).weights
    second = replace(
        first, initial=after_one, loss_weights=tuple(factors * np.exp(-variances) * np.array(job.loss_weights))
    )
    np.testing.assert_allclose(
        trained.validation_loss[1], diagnostics.fit_weighted(second, FIXED).validation_loss[0], rtol=1e-9
    )


def test_min_norm_weights_reach_the_closed_form_for_two_outputs() -> None:
    """alpha = (g2.g2 - g1.g2) / |g1 - g2|^2, cut to [0, 1] (Sener & Koltun 2018, equation 4)."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchjd")
    from jointbench.backends.pytorch.diagnostics.loss_weighting import _weighting

    rng = np.random.default_rng(0)
    weighting = _weighting(MGDA, 2, torch.ones(2, dtype=torch.float64))
    for _ in range(20):
        rows = rng.normal(size=(2, 6)) * rng.uniform(0.2, 3, (2, 1))
        gram = rows @ rows.T
        alpha = np.clip((gram[1, 1] - gram[0, 1]) / (gram[0, 0] + gram[1, 1] - 2 * gram[0, 1]), 0, 1)
        weights = weighting(torch.as_tensor(gram)).numpy()
        assert weights == pytest.approx([alpha, 1 - alpha], abs=2e-3)  # Frank-Wolfe's own tolerance is 1e-3


def test_without_conflict_projections_are_the_plain_sum() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchjd")
    from jointbench.backends.pytorch.diagnostics.loss_weighting import _weighting

    agreeing = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    equal = torch.ones((2, 2), dtype=torch.float64)
    for method in ("pcgrad", "upgrad"):
        for gram in (agreeing, equal):
            weights = _weighting(method, 2, agreeing)(gram).numpy()
            assert weights == pytest.approx([1, 1], abs=1e-3), method
    opposed = torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)
    # each is projected on the other's normal plane: g1 + g2 / 2 and g2 + g1 / 2
    assert _weighting("pcgrad", 2, opposed)(opposed).numpy() == pytest.approx([1.5, 1.5])
    assert _weighting("upgrad", 2, opposed)(opposed).numpy() == pytest.approx([1.5, 1.5], abs=1e-3)


@pytest.mark.parametrize("trunk", ["table", "image"])
def test_the_closed_form_of_a_step_is_what_pytorch_counts(trunk: str) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchjd")
    from jointbench.backends.loss_weighting import step_flops
    from jointbench.backends.pytorch.diagnostics.loss_weighting import counted_step_flops

    job = make_job(JobSpec(trunk=trunk))
    for method in (FIXED, *METHODS):
        assert counted_step_flops(job, method) == step_flops(job.architecture, 16, method), method


def test_without_torchjd_the_gradient_methods_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from jointbench.backends.pytorch.diagnostics import loss_weighting

    monkeypatch.setattr(loss_weighting.importlib.util, "find_spec", lambda name: None)
    reasons = loss_weighting.methods()
    assert reasons["pcgrad"] == "not installed: pip install 'jointbench[methods]'"
    assert reasons["uncertainty"] is None
