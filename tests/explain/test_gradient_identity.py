"""The sentence follows the gradients: planted ones that do not add up are not called summed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jointbench.backends.base import Gradients
from jointbench.explain.gradient_identity import PRECISIONS, Identity, answer, layer_identities, loss_residual
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Output, Shape

OUTPUTS = (Output("a", "regression"), Output("b", "regression"))
WEIGHTS = (2.0, 1.0)
Change = Callable[[Gradients], Gradients]


@pytest.fixture(scope="module")
def network() -> Architecture:
    return architecture(Shape((4, 3), (2,)), (5,), OUTPUTS)


def _planted(network: Architecture) -> Gradients:
    """Gradients that add up exactly; each head's come from its own loss alone."""
    alone = [initial_weights(network, ["a", "b"], seed) for seed in (1, 2)]
    for output, arrays in enumerate(alone):
        for name in arrays:
            if name.startswith(f"head_{1 - output}"):
                arrays[name] = np.zeros_like(arrays[name])
    total = {name: 2.0 * alone[0][name] + alone[1][name] for name in alone[0]}
    return Gradients(total, tuple(alone), 2 * 0.5 + 0.25, np.array([0.5, 0.25]))


def _identity(network: Architecture, gradients: Gradients) -> Identity:
    layers = [
        layer
        for precision in PRECISIONS
        for layer in layer_identities(network, WEIGHTS, gradients, precision, ("a", "b"))
    ]
    return Identity(tuple(layers), loss_residual(WEIGHTS, gradients))


def _off_by_a_hundredth(gradients: Gradients) -> Gradients:
    kernel = np.array(gradients.total["trunk_1/kernel"])
    kernel[0, 0] += 0.01 * np.abs(kernel).max()
    return replace(gradients, total={**gradients.total, "trunk_1/kernel": kernel})


def _leaking(gradients: Gradients) -> Gradients:
    leak = {**gradients.alone[0], "head_1_0/bias": np.array([0.0, -3e-3])}
    return replace(gradients, alone=(leak, gradients.alone[1]))


def test_gradients_that_add_up_are_summed(network: Architecture) -> None:
    summed = answer(_identity(network, _planted(network)), "d", "torch", WEIGHTS)
    assert summed.sentence.startswith("Summed")
    assert "2:1" in summed.sentence
    assert "exactly 0 from every other output's loss" in summed.sentence
    assert summed.numbers["residual_float64"] == pytest.approx(0, abs=1e-15)
    assert summed.numbers["total_loss_residual"] == 0


def test_gradients_that_do_not_add_up_are_not_summed(network: Architecture) -> None:
    different = answer(_identity(network, _off_by_a_hundredth(_planted(network))), "d", "torch", WEIGHTS)
    assert different.sentence.startswith("Not summed")
    assert different.numbers["residual_float32"] == pytest.approx(0.01, rel=0.02)
    assert f"{different.numbers['residual_float32']:.1e}" in different.sentence
    assert isinstance(different.data, Identity)
    residuals = {layer.layer: layer.residual for layer in different.data.layers}
    assert residuals["trunk_0"] == pytest.approx(0, abs=1e-15)  # the data shows which layer it is


def test_gradients_that_are_not_finite_are_a_failure_and_not_a_claim(network: Architecture) -> None:
    infinite = _planted(network)
    infinite.total["trunk_0/kernel"][0, 0] = np.inf
    with np.errstate(invalid="ignore"):
        failed = answer(_identity(network, infinite), "d", "torch", WEIGHTS)
    assert failed.failure is not None
    assert "not finite" in failed.failure
    assert failed.sentence == ""


def test_a_head_that_learns_from_another_loss_shows(network: Architecture) -> None:
    leaking = answer(_identity(network, _leaking(_planted(network))), "d", "torch", WEIGHTS)
    assert leaking.numbers["largest_gradient_from_another_output"] == pytest.approx(3e-3)
    assert "3.0e-03 from another output's loss" in leaking.sentence
    assert "exactly 0" not in leaking.sentence


def test_a_total_loss_that_is_not_the_weighted_sum_shows(network: Architecture) -> None:
    assert loss_residual(WEIGHTS, replace(_planted(network), total_loss=1.0)) == pytest.approx(0.25)
