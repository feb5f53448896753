"""Early stopping on the device, and the weights that it keeps, are those of the one rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Precision
from jointbench.backends.batched.program import packed_data, program_spec
from jointbench.backends.early_stopping import after_epoch, initial_state
from jointbench.backends.protocols import Backend
from jointbench.types import Recipe

torch = pytest.importorskip("torch")

from jointbench.backends.pytorch.batched.policy import ON_DEVICE  # noqa: E402 - after the skip
from jointbench.backends.pytorch.batched.program import BatchedProgram  # noqa: E402

SLOTS, OUTPUTS, LIMIT = 3, 3, 6
LOSSES = st.sampled_from([0.5, 1.0, 1.5, 2.0, math.inf, math.nan])  # their weighted sums are exact in any order


@pytest.fixture(autouse=True, scope="module")
def one_thread(backend_named: Callable[[str], Backend]) -> None:
    backend_named("torch")


@cache
def program_of(recipe: Recipe, precision: Precision) -> BatchedProgram:
    jobs = [make_job(JobSpec(recipe=recipe, precision=precision, widths=(2, 2), head=1))] * SLOTS
    spec = program_spec(jobs)
    return BatchedProgram(spec, packed_data(jobs, spec.architecture), "cpu", ON_DEVICE)


@given(
    curves=st.lists(
        st.lists(st.lists(LOSSES, min_size=OUTPUTS, max_size=OUTPUTS), min_size=SLOTS, max_size=SLOTS),
        min_size=1,
        max_size=LIMIT + 1,
    ),
    weights=st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=OUTPUTS, max_size=OUTPUTS), min_size=SLOTS, max_size=SLOTS
    ),
    patience=st.integers(0, 3),
    by_output=st.booleans(),
    precision=st.sampled_from(["float32", "float64"]),
)
def test_each_slot_stops_and_keeps_weights_by_the_rule(
    curves: list[list[list[float]]],
    weights: list[list[float]],
    patience: int,
    by_output: bool,
    precision: Precision,
) -> None:
    """Ties, losses that are not finite, no patience, the limit of epochs, and a checkpoint of each output."""
    recipe = Recipe(patience=patience, max_epochs=LIMIT, checkpoint="output" if by_output else "network")
    program = program_of(recipe, precision)
    loop, stack = program.loop, program.stack
    loop.reset(range(SLOTS))
    stack.loss_weights.copy_(torch.tensor(weights))
    stack.best_flat.fill_(-1)
    states = [initial_state(program.stack.spec.checkpoints) for _ in range(SLOTS)]
    best = np.full((SLOTS, program.stack.spec.checkpoints), -1)
    for epoch, losses in enumerate(np.array(curves)):
        stack.flat.fill_(epoch)
        planted = torch.tensor(losses).to(stack.flat)
        loop._validation_losses = lambda planted=planted: planted
        loop.rows.epoch.zero_()
        loop.end_epoch()
        for slot in range(SLOTS):
            with np.errstate(invalid="ignore"):  # nothing times an infinite loss
                total = np.float64((losses[slot] * np.array(weights[slot])).sum())
            states[slot], improved = after_epoch(states[slot], losses[slot], total, recipe)
            best[slot][improved] = epoch
        for name in ("best_loss", "waited", "epochs", "training"):
            expected = np.array([getattr(state, name) for state in states])
            np.testing.assert_array_equal(getattr(loop.stopping, name).numpy(), expected, err_msg=name)
        np.testing.assert_array_equal(stack.best_flat[..., 0].numpy(), best)


def test_what_has_stopped_takes_no_more_steps() -> None:
    """Beside a slot that trains on: neither its weights nor its step count change, whatever batches it still has."""
    recipe = replace(Recipe(), optimizer="adam", patience=1, max_epochs=9)
    program = program_of(recipe, "float32")
    loop = program.loop
    loop.reset(range(SLOTS))
    program.stack.flat.uniform_()
    program.stack.factors.fill_(1.0)
    loop.stopping.training.copy_(torch.tensor([True, False, True]))
    loop.rows.call_active.fill_(True)
    loop.rows.epoch.zero_()
    before = program.stack.flat.clone()
    with torch.no_grad():
        loop.begin_epoch()
        loop.step()
    changed = (program.stack.flat != before).any(dim=1)
    assert changed.tolist() == [True, False, True]
    steps = program.stack.spec.steps
    assert loop.optimizer.count.tolist() == [steps, 0, steps]
