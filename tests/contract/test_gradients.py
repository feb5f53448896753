"""Gradients of the losses, checked against finite differences and the weighted sum that training descends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import INPUTS, JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.backends.protocols import Diagnostics

ROWS = np.arange(24)


def _moved(job: Job, name: str, index: tuple[int, ...], delta: float) -> Job:
    array = np.array(job.initial[name])
    array[index] += delta
    return replace(job, initial={**job.initial, name: array})


@pytest.mark.parametrize("trunk", INPUTS)
def test_each_gradient_is_the_slope_of_its_loss(diagnostics: Diagnostics, trunk: str) -> None:
    """Central differences of the losses themselves, at the largest entry of the first trunk kernel and of a head's."""
    job = make_job(JobSpec(trunk=trunk, precision="float64"))
    gradients = diagnostics.gradients(job, ROWS)
    first = next(iter(job.architecture.layers)).name
    for name in (f"{first}/kernel", "head_1_0/kernel"):
        index = np.unravel_index(np.abs(gradients.total[name]).argmax(), gradients.total[name].shape)
        step = 1e-6
        up, down = (diagnostics.gradients(_moved(job, name, index, delta), ROWS) for delta in (step, -step))
        assert gradients.total[name][index] == pytest.approx((up.total_loss - down.total_loss) / (2 * step), rel=1e-5)
        slopes = (up.losses - down.losses) / (2 * step)
        for alone, slope in zip(gradients.alone, slopes, strict=True):
            assert alone[name][index] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_the_total_is_the_weighted_sum_and_a_head_belongs_to_its_own_loss(diagnostics: Diagnostics) -> None:
    job = make_job(JobSpec(precision="float64"))
    gradients = diagnostics.gradients(job, ROWS)
    assert gradients.total_loss == pytest.approx(np.dot(gradients.losses, job.loss_weights), rel=1e-12)
    for name, total in gradients.total.items():
        summed = sum(weight * alone[name] for weight, alone in zip(job.loss_weights, gradients.alone, strict=True))
        np.testing.assert_allclose(total, summed, rtol=1e-9, atol=1e-12)
    assert not np.any(gradients.alone[0]["head_1_0/kernel"])
    assert np.any(gradients.alone[1]["head_1_0/kernel"])
    assert all(np.any(alone["trunk_0/kernel"]) for alone in gradients.alone)
