"""One training, each output served from its own best epoch: in every loop of every backend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_jobs import INPUTS, OUTPUTS, JobSpec, make_job
from jointbench.backends.base import Job, Trained
from jointbench.backends.checkpoints import served_answers, served_networks
from jointbench.backends.early_stopping import after_epoch, initial_state
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Recipe, Shape

PATIENCE, STEPS = 4, 7  # of an epoch
RECIPE = Recipe(
    optimizer="sgd", learning_rate=2**-5, batch_size=16, max_epochs=60, patience=PATIENCE, checkpoint="output"
)
EARLY, LATE = 1, 0  # outputs of the planted job


def planted() -> Job:
    """The binary output's validation labels are turned round: the better it is learnt, the worse; so it is best early."""
    job = make_job(JobSpec(recipe=RECIPE, precision="float64"))
    targets = job.targets.copy()
    targets[job.validation, EARLY] = 1 - targets[job.validation, EARLY]
    return replace(job, targets=targets)


def in_other_order(job: Job) -> Job:
    """The same job with its outputs from last to first."""
    outputs = OUTPUTS["mixed"][::-1]
    network = architecture(Shape((16, 8), (5,)), INPUTS["table"], outputs)
    return replace(
        job,
        architecture=network,
        targets=job.targets[:, ::-1],
        weights=job.weights[:, ::-1],
        loss_weights=job.loss_weights[::-1],
        initial=initial_weights(network, [output.name for output in outputs], job.seed),
    )


def by_hand(curves: np.ndarray, patience: int, limit: int) -> tuple[int, list[int]]:
    """Epochs trained, and the best one of each output. It ends when none was better in the last ``patience`` epochs."""
    for epochs in range(1, min(limit, len(curves)) + 1):
        best = [int(np.argmin(curve)) for curve in curves[:epochs].T]
        if epochs - 1 - max(best) >= max(patience, 1):
            break
    return epochs, best


@dataclass(frozen=True)
class Case:
    backend: Backend
    job: Job
    trained: Trained


@pytest.fixture(scope="module")
def cases_of(backend_named: Callable[[str], Backend]) -> Callable[[str], dict[str, Case]]:
    """By backend: the planted job by the stock loop, and in a stack behind a smaller network and beside itself in another
    order of outputs."""

    @cache
    def get(name: str) -> dict[str, Case]:
        backend, job = backend_named(name), planted()
        smaller = make_job(JobSpec(recipe=RECIPE, precision="float64", widths=(9, 8)))
        _, alike, other = backend.fit_stacked([smaller, job, in_other_order(job)]).trained
        return {
            "stock": Case(backend, job, backend.fit(job)),
            "stacked": Case(backend, job, alike),
            "reversed": Case(backend, in_other_order(job), other),
        }

    return get


@pytest.fixture(params=[name for name in BACKENDS if unavailable_reason(name) is None])
def cases(request: pytest.FixtureRequest, cases_of: Callable[[str], dict[str, Case]]) -> dict[str, Case]:
    return cases_of(request.param)


@pytest.mark.parametrize("loop", ["stock", "stacked", "reversed"])
def test_each_output_has_its_own_best_epoch_and_training_goes_on_until_none_improves(
    cases: dict[str, Case], loop: str
) -> None:
    trained = cases[loop].trained
    epochs, best = by_hand(trained.validation_loss, PATIENCE, 60)
    assert (trained.epochs, list(trained.best_epochs)) == (epochs, best)
    assert trained.best_epoch == max(best)
    early, late = best[EARLY], best[2 - LATE if loop == "reversed" else LATE]
    assert early + PATIENCE < late, "the early output's own patience is spent long before the late one's best epoch"
    assert trained.failure is None


def test_each_output_is_served_with_the_weights_after_its_own_best_epoch(cases: dict[str, Case]) -> None:
    """Weights from a plain run of so many steps; the answers are those that were scored."""
    case = cases["stacked"]
    backend, job, trained = case.backend, case.job, case.trained
    networks = served_networks(job.architecture, job.recipe, trained.checkpoints)
    scored = served_answers(job.architecture, job.recipe, trained.predictions)
    assert [network.kinds for network, _ in networks] == [(kind,) for kind in job.architecture.kinds]
    served = backend.server(networks)(job.features[job.test])
    for output, epoch in enumerate(trained.best_epochs):
        stepped = backend.steps(job, STEPS * (epoch + 1))
        for name, weights in trained.checkpoints[output].items():
            np.testing.assert_allclose(weights, stepped[name], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(served[output], scored[output], rtol=1e-4, atol=1e-5)


def answers(case: Case) -> tuple[np.ndarray, ...]:
    return served_answers(case.job.architecture, RECIPE, case.trained.predictions)


def test_the_stock_loop_s_checkpoints_are_the_stack_s(cases: dict[str, Case]) -> None:
    stock, stacked = cases["stock"].trained, cases["stacked"].trained
    for alone, together in zip(stock.checkpoints, stacked.checkpoints, strict=True):
        for name, weights in alone.items():
            np.testing.assert_allclose(together[name], weights, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(stacked.predictions, stock.predictions, rtol=1e-4, atol=1e-5)


def test_the_order_of_outputs_changes_nothing(cases: dict[str, Case]) -> None:
    """In a stack a head's place in the padded network is not its place in its own."""
    assert cases["stacked"].trained.best_epochs == cases["reversed"].trained.best_epochs[::-1]
    for part, want in zip(answers(cases["reversed"])[::-1], answers(cases["stacked"]), strict=True):
        np.testing.assert_allclose(part, want, rtol=1e-4, atol=1e-5)


def test_the_frameworks_agree(cases_of: Callable[[str], dict[str, Case]]) -> None:
    if any(unavailable_reason(name) is not None for name in ("torch", "tensorflow")):
        pytest.skip("one of the frameworks is not installed")
    torch, tensorflow = (cases_of(name)["stacked"].trained for name in ("torch", "tensorflow"))
    assert (torch.epochs, torch.best_epochs) == (tensorflow.epochs, tensorflow.best_epochs)
    np.testing.assert_allclose(torch.predictions, tensorflow.predictions, atol=1e-5)


losses = st.sampled_from([0.5, 1.0, 1.5, 2.0])


@given(
    curves=st.lists(st.tuples(losses, losses), min_size=1, max_size=12),
    patience=st.integers(0, 4),
    limit=st.integers(1, 12),
)
def test_the_rule_is_its_definition(curves: list[tuple[float, float]], patience: int, limit: int) -> None:
    recipe = replace(RECIPE, patience=patience, max_epochs=limit)
    state, best = initial_state(2), [-1, -1]
    for epoch, row in enumerate(curves):
        if not state.training:
            break
        state, improved = after_epoch(state, np.array(row), np.float64(sum(row)), recipe)
        best = [epoch if better else before for better, before in zip(improved, best, strict=True)]
    assert (int(state.epochs), best) == by_hand(np.array(curves), patience, limit)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_an_epoch_in_which_one_loss_is_not_finite_is_no_output_s_best(broken: float) -> None:
    """It is a failure, and every loop must keep what it kept before."""
    state, _ = after_epoch(initial_state(2), np.array([1.0, 1.0]), np.float64(2), RECIPE)
    _, improved = after_epoch(state, np.array([broken, 0.5]), np.float64(broken), RECIPE)
    assert not improved.any()
