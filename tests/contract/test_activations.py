"""Activations of every trunk layer, against the layers written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.protocols import Backend, Diagnostics


def test_dense_layers_are_relu_of_an_affine_map(diagnostics: Diagnostics) -> None:
    jobs = [make_job(JobSpec(seed=seed)) for seed in (1, 2)]
    activations = diagnostics.activations([(job.architecture, job.initial) for job in jobs], jobs[0].features)
    for job, layers in zip(jobs, activations, strict=True):
        first = np.maximum(jobs[0].features @ job.initial["trunk_0/kernel"] + job.initial["trunk_0/bias"], 0)
        second = np.maximum(first @ job.initial["trunk_1/kernel"] + job.initial["trunk_1/bias"], 0)
        assert [layer.shape for layer in layers] == [first.shape, second.shape]
        np.testing.assert_allclose(layers[0], first, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layers[1], second, rtol=1e-4, atol=1e-5)


def test_an_image_trunk_has_its_pooled_maps_too(diagnostics: Diagnostics) -> None:
    """13 x 12 pooled twice is 3 x 3 of 6 channels; the dense layers read that map."""
    job = make_job(JobSpec(trunk="image"))
    ((first_map, second_map, dense, last),) = diagnostics.activations([(job.architecture, job.initial)], job.features)
    assert (first_map.shape, second_map.shape, dense.shape, last.shape) == (
        (160, 6 * 6 * 4),
        (160, 3 * 3 * 6),
        (160, 16),
        (160, 8),
    )
    expected = np.maximum(second_map @ job.initial["trunk_0/kernel"] + job.initial["trunk_0/bias"], 0)
    np.testing.assert_allclose(dense, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("trunk", ["table", "image"])
def test_the_heads_read_the_last_layer(backend: Backend, diagnostics: Diagnostics, trunk: str) -> None:
    """The served answers are the head's layers applied to the last activations."""
    job = make_job(JobSpec(outputs="regression", trunk=trunk))
    ((*_, last),) = diagnostics.activations([(job.architecture, job.initial)], job.features)
    weights = job.initial
    hidden = np.maximum(last @ weights["head_0_0/kernel"] + weights["head_0_0/bias"], 0)
    expected = hidden @ weights["head_0_1/kernel"] + weights["head_0_1/bias"]
    np.testing.assert_allclose(
        backend.server([(job.architecture, weights)])(job.features)[0], expected, rtol=1e-4, atol=1e-5
    )
