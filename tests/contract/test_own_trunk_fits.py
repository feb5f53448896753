"""A user's own trunk: read, trained by the stock loop and served as the networks of the suite are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contract_jobs import INPUTS, OUTPUTS, JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.backends.fused import one_output
from jointbench.backends.own_trunk import PREFIX, OtherFramework, TrunkReading
from jointbench.backends.protocols import Backend
from jointbench.errors import BadInput
from jointbench.networks.architecture import architecture
from jointbench.networks.flops import flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.networks.own_trunk import OwnTrunk
from jointbench.types import Shape
from trunk_functions import TRUNKS, TrunkFunction

WIDTH = 12
TABLE = INPUTS["table"]


def read(backend: Backend, trunk: str) -> TrunkReading:
    return backend.read_trunk(TRUNKS[trunk][backend.name], TABLE, WIDTH)


def own_job(backend: Backend, trunk: str, outputs: str = "mixed", seed: int = 5) -> Job:
    """A job on this trunk, with initial weights of the heads alone."""
    function = TRUNKS[trunk][backend.name]
    own = OwnTrunk(trunk, function, WIDTH, {WIDTH: read(backend, trunk).sizes})
    network = architecture(own.shape(Shape((WIDTH,), (5,))), TABLE, OUTPUTS[outputs], own)
    names = [output.name for output in OUTPUTS[outputs]]
    job = make_job(JobSpec(outputs=outputs, widths=(WIDTH, WIDTH), seed=seed))
    return replace(job, architecture=network, initial=initial_weights(network, names, seed))


def built_in_job() -> Job:
    return make_job(JobSpec(widths=(WIDTH, WIDTH)))


def test_dense_layers_alone_are_the_suites_own(backend: Backend) -> None:
    reading = read(backend, "dense")
    assert reading.plain == Shape((WIDTH, WIDTH))
    assert reading.sizes == read(backend, "wrapped").sizes


@pytest.mark.parametrize("trunk", ["wrapped", "normalised", "recurrent"])
def test_other_trunks_are_not(backend: Backend, trunk: str) -> None:
    assert read(backend, trunk).plain is None


def test_a_dense_trunk_has_the_sizes_of_the_built_in_one(backend: Backend) -> None:
    own, built_in = own_job(backend, "wrapped").architecture, built_in_job().architecture
    assert own.parameters == built_in.parameters
    assert flops_per_row([own]) == flops_per_row([built_in])


def test_a_dense_trunk_trains_as_the_built_in_one_does(backend: Backend) -> None:
    """With equal initial weights the same steps follow."""
    job, own = built_in_job(), own_job(backend, "wrapped")
    untrained = backend.steps(own, 0)
    names = [name for name in untrained if name.startswith(PREFIX)]
    trunk = [job.initial[f"trunk_{i}/{part}"] for i in range(2) for part in ("kernel", "bias")]
    matched = {
        name: array.T
        if array.shape != untrained[name].shape or (backend.name == "torch" and array.ndim == 2)
        else array
        for name, array in zip(names, trunk, strict=True)
    }
    own = replace(own, initial={**own.initial, **matched})
    expected, trained = backend.fit(job), backend.fit(own)
    assert trained.epochs == expected.epochs
    np.testing.assert_allclose(trained.predictions, expected.predictions, rtol=2e-4, atol=2e-4)


def test_one_seed_gives_one_network(backend: Backend) -> None:
    """Initial weights and dropout too."""
    job = own_job(backend, "normalised")
    first, second = (backend.steps(job, 8) for _ in range(2))
    other = backend.steps(own_job(backend, "normalised", seed=6), 8)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
    assert any(not np.allclose(array, other[name]) for name, array in first.items())


def test_an_output_starts_from_one_trunk_whichever_network_serves_it(backend: Backend) -> None:
    together, alone = (backend.steps(own_job(backend, "normalised", outputs), 0) for outputs in ("mixed", "regression"))
    assert [name for name in together if name.startswith(PREFIX)]
    for name in together:
        if name.startswith(PREFIX):
            np.testing.assert_array_equal(together[name], alone[name])


def test_it_learns_and_serves_what_was_scored(backend: Backend) -> None:
    """Served in evaluation mode: no dropout, the running means of the batches."""
    job = own_job(backend, "normalised")
    trained = backend.fit(job)
    assert trained.failure is None
    assert trained.validation_loss[trained.best_epoch, 0] < 0.7 * trained.validation_loss[0, 0]
    network = (job.architecture, trained.weights)
    rows = job.features[job.test]
    (answers,) = backend.server([network])(rows)
    np.testing.assert_allclose(answers, trained.predictions, rtol=1e-4, atol=1e-5)
    (second,) = backend.server([one_output(*network, 1)])(rows)
    np.testing.assert_allclose(second, trained.predictions[:, 1:2], rtol=1e-4, atol=1e-5)
    assert backend.saved_bytes(*network) > 4 * job.architecture.parameters


def test_its_steps_can_be_timed(backend: Backend) -> None:
    trainer = backend.trainer([own_job(backend, "normalised")], 3)
    before = trainer.weights()[0]
    clock = itertools.count()
    assert trainer(lambda: float(next(clock))) > 0
    assert any(not np.array_equal(before[name], after) for name, after in trainer.weights()[0].items())
    trainer.close()


def test_products_that_no_counter_counts_are_said(backend: Backend) -> None:
    sizes = read(backend, "recurrent").sizes
    assert sizes.uncounted and sizes.forward_flops == 0


def refused(backend: Backend, function: TrunkFunction) -> str:
    with pytest.raises(BadInput) as caught:
        backend.read_trunk(function, TABLE, WIDTH)
    return str(caught.value)


def test_what_is_no_trunk_is_refused_in_a_sentence(backend: Backend) -> None:
    assert "returned a list; it must return a" in refused(backend, lambda shape, width: [])
    functions = TRUNKS["dense"]

    def of_other(shape: tuple[int, ...], width: int) -> Any:
        return next(function for name, function in functions.items() if name != backend.name)(shape, width)

    with pytest.raises(OtherFramework, match="compare with backends="):
        backend.read_trunk(of_other, TABLE, WIDTH)


def torch_raised(shape: tuple[int, ...], width: int) -> Any:
    """Gives (rows, width, 1)."""
    from torch import nn

    return nn.Sequential(nn.Linear(shape[0], width), nn.Unflatten(1, (width, 1)))


def keras_raised(shape: tuple[int, ...], width: int) -> Any:
    import keras

    return keras.Sequential([keras.layers.Dense(width), keras.layers.Reshape((width, 1))])


def test_an_answer_of_another_shape_is_refused(backend: Backend) -> None:
    function = {"torch": torch_raised, "tensorflow": keras_raised}[backend.name]
    assert "gives (4, 12, 1) for rows of shape (4, 7); heads read (rows, units)" in refused(backend, function)
