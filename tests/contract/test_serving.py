"""Every way to answer a request gives the answers of the networks that were scored; timed training is training."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import INPUTS, JobSpec, make_job
from jointbench.backends.fused import one_output
from jointbench.backends.protocols import Backend
from jointbench.records import ExecutionMode
from jointbench.types import Optimizer
from served_arms import ARMS, networks


@pytest.mark.parametrize("mode", ["fused", "compiled", "onnx", "predict"])
@pytest.mark.parametrize(("trunk", "head", "groups"), ARMS.values(), ids=ARMS)
def test_every_mode_gives_the_answers_of_the_networks_in_turn(
    backend: Backend, trunk: str, head: tuple[int, ...], groups: tuple[tuple[int, ...], ...], mode: ExecutionMode
) -> None:
    if (reason := backend.unavailable_reason(mode)) is not None:
        pytest.skip(reason)
    arm = networks(trunk, head, groups)
    rng = np.random.default_rng(1)
    in_turn, other = backend.server(arm), backend.server(arm, mode)
    for count in (1, 7):
        rows = rng.normal(size=(count, *INPUTS[trunk])).astype(np.float32)
        for expected, answer in zip(in_turn(rows), other(rows), strict=True):
            assert answer.shape == expected.shape
            np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("trunk", "head"), [("table", (5,)), ("image", ())])
def test_one_output_of_many_is_that_heads_answer_and_no_other_head_runs(
    backend: Backend, trunk: str, head: tuple[int, ...]
) -> None:
    ((built, weights),) = networks(trunk, head, ((0, 1, 2, 3),))
    rows = np.random.default_rng(1).normal(size=(5, *INPUTS[trunk])).astype(np.float32)
    (whole,) = backend.server([(built, weights)])(rows)
    start = 0
    for place, layers in enumerate(built.heads):
        alone = one_output(built, weights, place)
        assert len(alone[0].heads) == 1
        (answer,) = backend.server([alone])(rows)
        np.testing.assert_allclose(answer, whole[:, start : start + layers[-1].units], rtol=1e-5, atol=2e-6)
        start += layers[-1].units


def test_a_mode_that_a_framework_lacks_has_a_reason(backend: Backend) -> None:
    reasons = [backend.unavailable_reason(mode) for mode in ("in turn", "fused", "compiled", "predict")]
    assert reasons[0] is reasons[1] is None
    assert all(reason is None or reason.endswith("`predict`") for reason in reasons)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_timed_trainer_takes_the_steps_it_says_and_no_others(backend: Backend, optimizer: Optimizer) -> None:
    """Two calls time 5 and 2 steps, with one before each: the weights are those of nine steps of the stock loop."""
    spec = JobSpec()
    job = make_job(replace(spec, recipe=replace(spec.recipe, optimizer=optimizer)))
    jobs = [job, replace(job, seed=job.seed + 1)]
    trainer = backend.trainer(jobs, 5)
    assert trainer(time.perf_counter) > 0
    trainer.resize(2)
    trainer(time.perf_counter)
    network_weights, counted = trainer.weights(), trainer.steps_counted()
    trainer.close()
    assert trainer.warm_up == 1
    assert counted in (18, None) and (counted == 18 or optimizer == "sgd")
    for trained_job, weights in zip(jobs, network_weights, strict=True):
        for name, value in backend.steps(trained_job, 9).items():
            np.testing.assert_allclose(weights[name], value, rtol=1e-5, atol=1e-6)


def test_weights_that_were_read_stay_as_they_were(backend: Backend) -> None:
    """Every array is a copy that no later step changes, those of heads with a single unit too."""
    trainer = backend.trainer([make_job(JobSpec())], 2)
    trainer(time.perf_counter)
    (before,) = trainer.weights()
    copies = {name: array.copy() for name, array in before.items()}
    trainer(time.perf_counter)
    (after,) = trainer.weights()
    trainer.close()
    for name, array in before.items():
        np.testing.assert_array_equal(array, copies[name], err_msg=name)
        assert np.any(after[name] != array), name


def test_the_engine_alone_takes_the_steps_it_says(backend: Backend) -> None:
    job = make_job(JobSpec())
    trainer = backend.trainer([job], 5, "engine")
    trainer(time.perf_counter)
    (weights,) = trainer.weights()
    for name, value in backend.steps(job, trainer.steps).items():
        np.testing.assert_allclose(weights[name], value, rtol=1e-3, atol=1e-4)


def test_only_the_steps_are_under_the_clock(backend: Backend) -> None:
    """The clock is read twice for each network, first call or not: tracing aside, nothing else happens between."""
    reads: list[float] = []

    def clock() -> float:
        reads.append(time.perf_counter())
        return reads[-1]

    job = make_job(JobSpec())
    trainer = backend.trainer([job, job], 3)
    for call in (1, 2):
        seconds = trainer(clock)
        assert len(reads) == 4 * call
        assert seconds == pytest.approx(sum(np.diff(reads[-4:])[::2]))
    trainer.close()
