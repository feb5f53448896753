"""One rule in every loop: when training stops, and which epoch's weights it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Job, Trained
from jointbench.backends.early_stopping import StoppingState, after_epoch, initial_state
from jointbench.backends.protocols import Backend
from jointbench.types import Recipe

Loop = Callable[[Backend, Job], Trained]
LOOPS: dict[str, Loop] = {
    "stock loop": lambda backend, job: backend.fit(job),
    "engine": lambda backend, job: backend.fit_stacked([job]).trained[0],
    "weighted loop": lambda backend, job: backend.fit(replace(job, recipe=replace(job.recipe, weighting="dwa"))),
}
losses = st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0, math.nan]), min_size=1, max_size=12)


def stopped_by_hand(curve: list[float], patience: int, limit: int) -> tuple[int, int]:
    """Epochs trained and the best. It ends when the last ``patience`` epochs are no better than those before."""
    for epochs in range(1, min(limit, len(curve)) + 1):
        best = min((loss, epoch) for epoch, loss in enumerate([math.inf, *curve[:epochs]]) if loss == loss)[1] - 1
        if epochs - 1 - max(best, -1) >= max(patience, 1):
            break
    return epochs, best


@given(curve=losses, patience=st.integers(0, 4), limit=st.integers(1, 12))
def test_the_rule_is_its_definition(curve: list[float], patience: int, limit: int) -> None:
    recipe = Recipe(patience=patience, max_epochs=limit)
    state, best = initial_state(), -1
    for epoch, loss in enumerate(curve):
        if not state.training:
            break
        state, improved = after_epoch(state, np.zeros(2), np.float64(loss), recipe)
        best = epoch if improved.any() else best
    assert (state.epochs, best) == stopped_by_hand(curve, patience, limit)


@given(curves=st.lists(st.lists(st.sampled_from([0.5, 1.0, math.nan]), min_size=8, max_size=8), min_size=1, max_size=4))
def test_a_stack_s_slots_follow_it_each_by_itself(curves: list[list[float]]) -> None:
    recipe = Recipe(patience=2, max_epochs=6)
    slots = len(curves)
    stack = StoppingState(np.full((slots, 1), np.inf), np.zeros(slots, int), np.zeros(slots, int), np.ones(slots, bool))
    alone = [initial_state() for _ in curves]
    for epoch in range(8):
        totals = np.array([curve[epoch] for curve in curves])
        stack, _ = after_epoch(stack, totals[:, None], totals, recipe)
        for slot in range(slots):
            if alone[slot].training:
                alone[slot], _ = after_epoch(alone[slot], totals[slot : slot + 1], totals[slot], recipe)
        for name in ("best_loss", "epochs", "training"):
            assert [getattr(state, name) for state in alone] == list(getattr(stack, name))


def validation_losses(backend: Backend, job: Job, trained: Trained) -> np.ndarray:
    """Of the network that training returned, (outputs,), after an epoch that changes nothing."""
    still = replace(job.recipe, learning_rate=1e-30, max_epochs=1)
    losses: np.ndarray = backend.fit(replace(job, initial=trained.weights, recipe=still)).validation_loss[0]
    return losses


@pytest.mark.parametrize(
    ("loop", "outputs", "patience"),
    [
        *((loop, "regression", 0) for loop in LOOPS),  # the engine's patience of 3 is compared in test_engine
        *((loop, outputs, 3) for loop in ("stock loop", "weighted loop") for outputs in ("multiclass", "mixed")),
    ],
)
def test_every_loop_stops_by_the_rule_and_returns_the_best_epoch_s_network(
    backend: Backend, loop: str, outputs: str, patience: int
) -> None:
    recipe = Recipe(optimizer="sgd", learning_rate=2**-2, batch_size=16, max_epochs=40, patience=patience)
    job = make_job(JobSpec(outputs=outputs, recipe=recipe, precision="float64"))
    trained = LOOPS[loop](backend, job)
    totals = list(trained.validation_loss @ np.array(job.loss_weights))
    assert (trained.epochs, trained.best_epoch) == stopped_by_hand([*totals, *[0.0] * 40], patience, 40)
    assert trained.best_epoch < trained.epochs - 1
    assert (trained.stopped_by, trained.failure) == ("patience", None)
    assert (trained.steps, trained.rows_seen) == (7 * trained.epochs, 100 * trained.epochs)
    best = trained.validation_loss[trained.best_epoch]
    np.testing.assert_allclose(validation_losses(backend, job, trained), best, rtol=1e-6)
    served = backend.server([(job.architecture, trained.weights)])(job.features[job.test])[0]
    np.testing.assert_allclose(served, trained.predictions, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loss_that_is_not_finite_is_a_failure_and_the_best_epoch_before_it_is_kept(
    backend: Backend, loop: str
) -> None:
    """Steps too long: the second epoch is better than the first, and the seventh overflows in validation alone."""
    recipe = Recipe(optimizer="sgd", learning_rate=0.6, batch_size=100, max_epochs=60, patience=50)
    job = make_job(JobSpec(outputs="regression", recipe=recipe, seed=2))
    trained = LOOPS[loop](backend, job)
    assert (trained.epochs, trained.best_epoch, trained.stopped_by) == (7, 1, "limit")
    assert trained.failure == "the loss is not finite in epoch 7"
    best = trained.validation_loss[trained.best_epoch]
    np.testing.assert_allclose(validation_losses(backend, job, trained), best, rtol=1e-5)
