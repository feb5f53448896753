"""``compare_arms`` on records that are incomplete, out of order or of one arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import jointbench
from jointbench.comparison.api import Comparisons
from jointbench.errors import BadInput
from jointbench.records import FoldRecord, PlannedArm
from planted import Planted, one_each, only, two_arms


def test_a_single_arm_is_no_comparison() -> None:
    planted = two_arms([0.0, 0.0])
    records = [r for r in planted.records() if not (isinstance(r, PlannedArm) and r.arm.name == "separate")]
    assert jointbench.compare_arms(records) == Comparisons(0.01, 0.95, (), ())


def test_records_without_folds_are_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput, match="no folds of planted"):
        jointbench.compare_arms([r for r in two_arms([0.0]).records() if not isinstance(r, FoldRecord)])


@pytest.mark.parametrize(
    "criteria", [{"rope": 0.0}, {"rope": 1.5}, {"rope": float("nan")}, {"probability": 0.5}, {"probability": 1.0}]
)
def test_terms_that_decide_nothing_are_refused(criteria: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between"):
        jointbench.compare_arms([], **criteria)


def test_the_order_of_records_does_not_matter() -> None:
    records = two_arms([0.01, -0.02], sd=0.01, shape=(2, 5, 3)).records()
    shuffled = list(records)
    np.random.default_rng(0).shuffle(shuffled)  # type: ignore[arg-type]  # a list of any objects
    planned_arms = [r for r in records if isinstance(r, PlannedArm)]
    shuffled = planned_arms + [r for r in shuffled if not isinstance(r, PlannedArm)]
    assert jointbench.compare_arms(shuffled) == jointbench.compare_arms(records)


def test_seeds_are_paired_by_their_number_even_where_some_are_missing() -> None:
    """A seed's luck cancels in its pair: joint = separate + 0.003 on every run, whatever the run."""
    luck = np.random.default_rng(0).normal(0.5, 0.2, (2, 2, 5, 4))
    arms = {"joint": luck + 0.003, "separate": luck}
    planted = Planted(
        skill=arms,
        groups={"joint": (("a", "b"),), "separate": one_each("ab")},
        flops={"joint": 1, "separate": 2},
    )
    missing = frozenset({("joint", 0, 0, 1), ("joint", 0, 1, 3)})
    comparison = only(replace(planted, missing=missing))
    for difference in comparison.differences:
        assert difference.difference.low == pytest.approx(0.003, abs=1e-9)
        assert difference.difference.high == pytest.approx(0.003, abs=1e-9)
