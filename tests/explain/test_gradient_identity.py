"""The sentence follows the gradients: planted ones that do not add up are said not to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jointbench.backends.base import Gradients
from jointbench.explain.gradient_identity import Identity, answer, compared, loss_residual
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


def _identity(network: Architecture, found: Gradients) -> Identity:
    layers = [one for p in ("float32", "float64") for one in compared(network, WEIGHTS, found, p, ("a", "b"))]  # type: ignore[arg-type]  # the two precisions
    return Identity(tuple(layers), loss_residual(WEIGHTS, found))


def _off_by_a_hundredth(found: Gradients) -> Gradients:
    kernel = np.array(found.total["trunk_1/kernel"])
    kernel[0, 0] += 0.01 * np.abs(kernel).max()
    return replace(found, total={**found.total, "trunk_1/kernel": kernel})


def _leaking(found: Gradients) -> Gradients:
    leak = {**found.alone[0], "head_1_0/bias": np.array([0.0, -3e-3])}
    return replace(found, alone=(leak, found.alone[1]))


def test_gradients_that_add_up_are_said_to(network: Architecture) -> None:
    said = answer(_identity(network, _planted(network)), "d", "torch", WEIGHTS)
    assert said.sentence.startswith("Summed: with loss weights 2:1")
    assert "exactly 0 from every other output's loss" in said.sentence
    assert said.numbers["residual_float64"] == pytest.approx(0, abs=1e-15)
    assert said.numbers["total_loss_residual"] == 0


def test_gradients_that_do_not_add_up_are_said_not_to(network: Architecture) -> None:
    said = answer(_identity(network, _off_by_a_hundredth(_planted(network))), "d", "torch", WEIGHTS)
    assert said.sentence.startswith("Not summed:")
    assert said.numbers["residual_float32"] == pytest.approx(0.01, rel=0.02)
    assert f"{said.numbers['residual_float32']:.1e}" in said.sentence
    rows = {row[0]: row for row in said.tables[0].rows}
    assert rows["trunk_0"][2] == pytest.approx(0, abs=1e-15)  # the table says which layer it is


def test_a_head_that_learns_from_another_loss_is_told(network: Architecture) -> None:
    said = answer(_identity(network, _leaking(_planted(network))), "d", "torch", WEIGHTS)
    assert "up to 3.0e-03 from another output's loss" in said.sentence
    assert "exactly 0" not in said.sentence


def test_a_total_loss_that_is_not_the_weighted_sum_shows(network: Architecture) -> None:
    assert loss_residual(WEIGHTS, replace(_planted(network), total_loss=1.0)) == pytest.approx(0.25)
