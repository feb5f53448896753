"""Networks on a user's own trunk, from a frame to the page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jointbench
from jointbench import BadInput
from jointbench.api.result import Result
from jointbench.backends.registry import unavailable_reason
from jointbench.records import Fit, PlannedArm
from jointbench.types import FloatArray
from trunk_functions import TRUNKS, TrunkFunction, keras_dense, torch_dense, torch_normalised, torch_recurrent

pytestmark = pytest.mark.skipif(unavailable_reason("torch") is not None, reason="needs PyTorch")


def table() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 3))
    return x, x @ rng.normal(size=(3, 2)) + 0.1 * rng.normal(size=(90, 2))


def compared(trunk: Any = None, **options: Any) -> Result:
    return jointbench.compare(*table(), trunk=trunk, profile="smoke", progress=False, **options)


def answers(result: Result) -> dict[tuple[Any, ...], Any]:
    fits = [record for record in result.records if isinstance(record, Fit)]
    return {(f.network.fold, f.network.group, f.network.shape.trunk): f.predictions for f in fits}


@pytest.fixture(scope="module")
def normalised() -> Result:
    return compared(torch_normalised)


@pytest.mark.slow
def test_a_dense_trunk_gives_the_numbers_of_the_built_in_arm() -> None:
    own, built_in = compared(torch_dense), compared()
    assert answers(own).keys() == answers(built_in).keys()
    for key, expected in answers(built_in).items():
        np.testing.assert_array_equal(answers(own)[key], expected)
    assert "trained by the engine" in own.summary.notes[-1]


def test_a_trunk_of_other_layers_is_trained_by_the_stock_loop(normalised: Result) -> None:
    arms = [record for record in normalised.records if isinstance(record, PlannedArm)]
    assert [arm.arm.name for arm in arms] == ["joint", "separate", "separate-matched"]
    joint, separate, matched = arms
    assert {arm.engine for arm in arms} == {"stock"}
    assert joint.train_flops_per_row < separate.train_flops_per_row
    assert abs(matched.parameters - joint.parameters) < 0.1 * joint.parameters
    (cell,) = normalised.summary.cells
    assert not [failure for cost in cell.costs for failure in cost.failures]
    assert {latency.path for cost in cell.costs for latency in cost.latency} == {"in turn", "one of N"}


def test_the_page_says_whose_trunk_it_is_and_who_trained_it(normalised: Result, tmp_path: Any) -> None:
    page = normalised.report(tmp_path / "page.html").read_text()
    assert "own trunk torch_normalised-" in page and "at width 32" in page
    assert "(Linear, BatchNorm1d, GELU, Dropout): trained by the stock loop" in page
    assert "your own trunk by its framework&#39;s counter" in page.replace("'", "&#39;")
    assert "a trunk of your own runs only as its framework built it" in page


@pytest.mark.slow
def test_flops_that_nobody_counted_are_not_measured() -> None:
    result = compared(torch_recurrent, arms=("joint", "separate"))
    (cell,) = result.summary.cells
    assert not cell.flops and not [r for r in cell.ratios if r.quantity.scenario == "training FLOPs"]
    assert "FLOPs: not measured: PyTorch's counter sees no products in GRU" in result.summary.notes[-1]


@pytest.mark.slow
def test_a_trunk_without_a_width_has_no_sized_arms() -> None:
    def trunk(shape: tuple[int, ...]) -> Any:
        return torch_normalised(shape, 16)

    result = compared(trunk)
    arms = [record.arm.name for record in result.records if isinstance(record, PlannedArm)]
    assert arms == ["joint", "separate"]
    assert any("separate-matched left out" in note for note in result.summary.notes)


@pytest.mark.slow
@pytest.mark.skipif(unavailable_reason("tensorflow") is not None, reason="needs TensorFlow")
def test_the_function_chooses_the_framework() -> None:
    result = compared(keras_dense, arms=("joint", "separate"))
    assert [cell.backend for cell in result.summary.cells] == ["tensorflow"]


def no_trunk(shape: tuple[int, ...], width: int) -> Any:
    raise RuntimeError("out of ideas\nsecond line")


@pytest.mark.parametrize(
    ("trunk", "options", "sentence"),
    [
        (no_trunk, {}, "trunk: no_trunk((3,), 32) failed: RuntimeError: out of ideas"),
        ("mlp", {}, "trunk is a str; give a function of the shape of a row and a width"),
        ({}, {}, "trunk: it is empty"),
        ({"jax": torch_dense}, {}, "--backend 'jax': the backends are"),
        ({"torch": torch_dense}, {"backends": "tensorflow"}, "trunk: it has no function for tensorflow"),
        (lambda shape, width: 3, {}, "trunk: lambda returned a int; it must return a torch.nn.Module"),
    ],
)
def test_what_is_no_trunk_is_refused_in_a_sentence(trunk: Any, options: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        compared(trunk, **options)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.slow
def test_both_frameworks_need_a_function_each() -> None:
    functions: dict[str, TrunkFunction] = dict(TRUNKS["dense"])
    with pytest.raises(BadInput, match="give one function for each backend"):
        compared(functions["torch"], backends=("torch", "tensorflow"))
