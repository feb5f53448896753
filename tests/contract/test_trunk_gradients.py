"""Inner products along training: equal to those of the gradients at the weights that training has reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import INPUTS, RECIPE, JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.networks.initialization import epoch_order
from jointbench.types import FloatArray, IntArray


def _expected(diagnostics: Diagnostics, job: Job, rows: IntArray) -> FloatArray:
    gradients = diagnostics.gradients(job, rows)
    trunk = [layer.name for layer in (*job.architecture.convs, *job.architecture.trunk)]
    flat = np.stack(
        [
            np.concatenate([alone[f"{name}/{part}"].ravel() for name in trunk for part in ("kernel", "bias")])
            for alone in gradients.alone
        ]
    )
    result: FloatArray = flat @ flat.T
    return result


@pytest.mark.parametrize("trunk", INPUTS)
def test_gramians_are_those_of_the_gradients_during_training(
    backend: Backend, diagnostics: Diagnostics, trunk: str
) -> None:
    """Before the first step and before the ninth, which is in the second epoch (seven batches, the last one short)."""
    job = make_job(
        JobSpec(trunk=trunk, recipe=replace(RECIPE, optimizer="sgd", learning_rate=2**-5), precision="float64")
    )
    large_batch = job.train[:50]
    gramians = diagnostics.trunk_gramians(job, (0, 8), large_batch)
    later = replace(job, initial=backend.steps(job, 8))
    first_batch = job.train[epoch_order(job.seed, 0, 100)[:16]]
    ninth_batch = job.train[epoch_order(job.seed, 1, 100)[16:32]]
    for point, (task, batch) in enumerate(((job, first_batch), (later, ninth_batch))):
        np.testing.assert_allclose(gramians.batch[point], _expected(diagnostics, task, batch), rtol=1e-6, atol=1e-10)
        np.testing.assert_allclose(
            gramians.large_batch[point], _expected(diagnostics, task, large_batch), rtol=1e-6, atol=1e-10
        )
