"""What is saved is what the framework's users would save, and its size is the network's."""

from __future__ import annotations

import numpy as np
import pytest

from contract_jobs import INPUTS, JobSpec, make_job
from jointbench.backends.protocols import Backend
from jointbench.benchmarks.memory import saved_bytes
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Output, Shape


def test_doubling_a_layer_adds_its_parameters_four_bytes_each(backend: Backend) -> None:
    outputs = [Output("r", "regression")]
    sizes, parameters = [], []
    for width in (512, 1024):
        network = architecture(Shape((width, width)), (20,), outputs)
        sizes.append(backend.saved_bytes(network, initial_weights(network, ["r"], 1)))
        parameters.append(network.parameters)
    added, expected = sizes[1] - sizes[0], 4 * (parameters[1] - parameters[0])
    assert added == pytest.approx(expected, rel=0.002)  # both formats pad to alignments
    assert sizes[0] > 4 * parameters[0]


@pytest.mark.parametrize("trunk", INPUTS)
def test_the_size_depends_on_nothing_but_the_shape(backend: Backend, trunk: str) -> None:
    """Neither on the weights nor on what the process built before (Keras counts up the names it gives)."""
    job = make_job(JobSpec(trunk=trunk))
    first = backend.saved_bytes(job.architecture, job.initial)
    zeros = {name: np.zeros_like(values) for name, values in job.initial.items()}
    assert [backend.saved_bytes(job.architecture, zeros) for _ in range(12)] == [first] * 12


def test_an_arm_weighs_the_sum_of_its_networks(backend: Backend) -> None:
    binary, mixed = make_job(JobSpec(outputs="binary")), make_job(JobSpec(outputs="mixed"))
    pair = [(job.architecture, job.initial) for job in (binary, mixed)]
    sizes = [backend.saved_bytes(*network) for network in pair]
    assert saved_bytes(backend, {"a": pair, "b": [pair[0]] * 3}) == {"a": sum(sizes), "b": 3 * sizes[0]}


def test_nothing_is_on_a_device_where_there_is_none(backend: Backend) -> None:
    assert backend.unusable_reason() is None
    assert backend.device_peak_bytes() is None
