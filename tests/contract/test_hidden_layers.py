"""Dropout, layer normalisation and residual blocks: every loop takes the steps of the formula, every server its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from contract_jobs import OUTPUTS
from hidden_layers import SHAPES, answers, moved_job, trained
from jointbench.backends.batched import stack_size
from jointbench.backends.batched.padding import padding_key
from jointbench.backends.fused import one_output
from jointbench.backends.protocols import Backend
from jointbench.networks.architecture import architecture
from jointbench.networks.flops import inference_flops_per_row, train_flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.records import ExecutionMode
from jointbench.types import FloatArray, Shape

BOTH = Callable[[str], Backend]

STEPS = 9  # past the end of the first epoch, whose last batch is short
SLOW = [pytest.param(name, marks=() if name == "resnet" else pytest.mark.slow) for name in SHAPES]


@cache
def by_formula(name: str) -> dict[str, FloatArray]:
    return trained(name, moved_job(name), STEPS)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ("dropout", "norm") else ()) for name in SHAPES]
)
def test_the_stock_loop_takes_the_steps_of_the_formula(backend: Backend, name: str) -> None:
    """SGD on finite differences of the network written out in numpy, with the masks of each row: so both frameworks
    train alike, step by step."""
    job = moved_job(name)
    weights = backend.steps(job, STEPS)
    assert weights.keys() == by_formula(name).keys()
    for key, expected in by_formula(name).items():
        np.testing.assert_allclose(weights[key], expected, atol=2e-7, err_msg=key)


@pytest.mark.parametrize("name", SLOW)
def test_a_network_in_a_stack_is_the_one_that_trains_alone(
    backend: Backend, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two slots that three networks share, with data, seeds and stops of their own. Its test rows lose no units: they are
    predicted by the formula without masks."""
    monkeypatch.setattr(stack_size, "MAX_STACK", 2)
    jobs = [moved_job(name, seed) for seed in (1, 2, 3)]
    jobs[1] = replace(jobs[1], train=jobs[1].train[:93], dropout_seed=77)
    stacked = backend.fit_stacked(jobs)
    assert stacked.slots == 2
    for job, together in list(zip(jobs, stacked.trained, strict=True))[1:2]:
        alone = backend.fit(job)
        assert (together.epochs, together.best_epoch) == (alone.epochs, alone.best_epoch)
        np.testing.assert_allclose(together.train_loss, alone.train_loss, rtol=1e-6)
        np.testing.assert_allclose(together.validation_loss, alone.validation_loss, rtol=1e-6)
        for key, weights in together.weights.items():
            np.testing.assert_allclose(weights, alone.weights[key], atol=1e-7, err_msg=key)
        expected = np.concatenate(answers(name, alone.weights, job.features[job.test].astype(float)), axis=1)
        np.testing.assert_allclose(alone.predictions, expected, atol=1e-5)
        np.testing.assert_allclose(together.predictions, expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["in turn", "fused", "compiled", "onnx", "predict"])
def test_every_way_to_serve_gives_the_answers_of_the_formula(backend: Backend, mode: ExecutionMode) -> None:
    """All shapes in one arm, the residual one twice, so that fused networks are stacked."""
    if (reason := backend.unavailable_reason(mode)) is not None:
        pytest.skip(reason)
    jobs = [("norm and dropout", moved_job("norm and dropout")), *(("resnet", moved_job("resnet", s)) for s in (1, 2))]
    rows = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    served = backend.server([(job.architecture, job.initial) for _, job in jobs], mode)(rows)
    for (name, job), answer in zip(jobs, served, strict=True):
        expected = np.concatenate(answers(name, job.initial, rows.astype(float)), axis=1)
        np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)


def test_one_output_of_a_network_is_that_heads_answer(backend: Backend) -> None:
    job = moved_job("norm")
    rows = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    (answer,) = backend.server([one_output(job.architecture, job.initial, 2)])(rows)
    np.testing.assert_allclose(answer, answers("norm", job.initial, rows.astype(float))[2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_products_are_counted_exactly_and_nothing_else(backend: Backend, name: str) -> None:
    network = moved_job(name).architecture
    assert backend.counted_flops(network, 6) == {
        "train": 6 * train_flops_per_row([network]),
        "inference": 6 * inference_flops_per_row([network]),
    }


@pytest.mark.slow
def test_timed_steps_are_the_steps_of_training(backend: Backend) -> None:
    job = moved_job("resnet")
    trainer = backend.trainer([job], 4)
    trainer(time.perf_counter)
    trainer(time.perf_counter)
    (weights,) = trainer.weights()
    trainer.close()
    for key, expected in backend.steps(job, 10).items():
        np.testing.assert_allclose(weights[key], expected, atol=1e-9, err_msg=key)


def test_dropout_of_narrower_networks_is_padded_and_normalised_ones_are_not(backend_named: BOTH) -> None:
    """Units that are there to fill up are neither dropped nor kept; but they would count in a row's mean."""
    wide, normed = moved_job("dropout"), moved_job("norm")
    network = architecture(Shape((5, 3), (2,), dropout=0.25), (7,), OUTPUTS["mixed"])
    narrow = replace(wide, architecture=network, initial=initial_weights(network, ["r", "b", "m"], 4), seed=4)
    backend = backend_named("torch")
    together, alone = backend.fit_stacked([wide, narrow]).trained[1], backend.fit(narrow)
    for key, weights in together.weights.items():
        np.testing.assert_allclose(weights, alone.weights[key], atol=1e-8, err_msg=key)
    other = architecture(Shape((5, 3), (2,), norm="layer"), (7,), OUTPUTS["mixed"])
    assert padding_key(wide.architecture) == padding_key(network)
    assert padding_key(normed.architecture) != padding_key(other)
