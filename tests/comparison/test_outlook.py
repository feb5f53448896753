"""What would decide an open comparison: applied, it does; and nothing that could is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.outlook import GROWTH, MOST_ROWS, ROWS_STEP, outlook
from jointbench.comparison.verdict_rule import dataset_verdict
from jointbench.stats.correlated_t_test import region_probabilities
from jointbench.stats.row_level import StudentT

CRITERIA = VerdictCriteria()
NAMES = ("a", "b", "c")


def belief(mean: float, scale: float, floor: float = math.nan, df: float = 12.0) -> StudentT:
    return StudentT(mean, scale, df, floor)


def decided(beliefs: list[StudentT], scales: list[float], *, saves: bool) -> bool:
    probabilities = region_probabilities([b.mean for b in beliefs], scales, [b.df for b in beliefs], 0.01)
    return dataset_verdict(probabilities, CRITERIA, saves=saves) != "open"


def after(known: StudentT, growth: int) -> float:
    """The scale after so many times as much training: all but the floor shrinks."""
    floor = 0.0 if math.isnan(known.floor_scale) else known.floor_scale
    return math.sqrt(floor**2 + (known.scale**2 - floor**2) / growth)


cases = st.lists(
    st.tuples(st.floats(-0.05, 0.05), st.floats(0.001, 0.05), st.one_of(st.just(math.nan), st.floats(0.0, 1.0))),
    min_size=1,
    max_size=3,
).map(lambda drawn: [belief(mean, scale, floor * scale) for mean, scale, floor in drawn])


@given(cases, st.booleans())
def test_the_growth_that_is_found_decides_when_it_comes_and_no_smaller_one_does(
    beliefs: list[StudentT], saves: bool
) -> None:
    found = outlook(NAMES[: len(beliefs)], beliefs, CRITERIA, saves=saves)
    for n in GROWTH:
        if found.growth is None or n < found.growth:
            assert not decided(beliefs, [after(b, n) for b in beliefs], saves=saves)
    if found.growth is not None:
        assert decided(beliefs, [after(b, found.growth) for b in beliefs], saves=saves)


@given(cases, st.booleans())
def test_what_training_decides_or_may_decide_is_never_called_undecidable(beliefs: list[StudentT], saves: bool) -> None:
    found = outlook(NAMES[: len(beliefs)], beliefs, CRITERIA, saves=saves)
    if found.undecidable:
        assert found.growth is None
        assert all(b.floor_known for b in beliefs)
        assert not decided(beliefs, [b.floor_scale for b in beliefs], saves=saves)


@given(cases, st.booleans())
def test_the_rows_that_are_needed_decide_and_a_step_fewer_do_not(beliefs: list[StudentT], saves: bool) -> None:
    found = outlook(NAMES[: len(beliefs)], beliefs, CRITERIA, saves=saves)
    if found.rows is None:
        return
    assert decided(beliefs, [b.floor_scale / math.sqrt(found.rows) for b in beliefs], saves=saves)
    if (fewer := found.rows / ROWS_STEP) > 1.01:
        assert not decided(beliefs, [b.floor_scale / math.sqrt(fewer) for b in beliefs], saves=saves)


def test_growth_and_rows_are_the_formula_by_hand() -> None:
    """A mean of 0 is safe at 95 % once 0.01 is the t quantile times the scale."""
    needed = 0.01 / stats.t.ppf(0.95, 12)
    training = outlook(["a"], [belief(0.0, 0.02, 0.002)], CRITERIA, saves=True)
    assert training.growth == min(n for n in GROWTH if 0.002**2 + (0.02**2 - 0.002**2) / n <= needed**2)
    rows = outlook(["a"], [belief(0.0, 0.03, 0.02)], CRITERIA, saves=True)
    assert (rows.growth, rows.undecidable) == (None, True)
    assert rows.rows is not None
    assert (0.02 / needed) ** 2 <= rows.rows <= (0.02 / needed) ** 2 * ROWS_STEP


def test_a_difference_on_the_edge_of_the_region_is_decided_by_no_number_of_rows() -> None:
    found = outlook(["a"], [belief(-0.01, 0.011, 0.01)], CRITERIA, saves=True)
    assert (found.growth, found.undecidable, found.rows) == (None, True, None)
    assert not decided([belief(-0.01, 0.0)], [0.01 / math.sqrt(MOST_ROWS)], saves=True)


def test_where_the_floor_is_unknown_any_training_may_decide() -> None:
    found = outlook(["a"], [belief(-0.009, 0.5)], CRITERIA, saves=True)
    assert (found.growth, found.undecidable, found.rows) == (None, False, None)


def test_a_mean_that_more_training_may_yet_move_is_not_given_up() -> None:
    """At its floor -0.007 is not safe; one standard error of the fits' part better it would be."""
    near, far = belief(-0.007, 0.012, 0.003), belief(-0.007, 0.0031, 0.003)
    assert not outlook(["a"], [near], CRITERIA, saves=True).undecidable
    assert outlook(["a"], [far], CRITERIA, saves=True).undecidable


def test_each_output_has_its_own_region() -> None:
    own = VerdictCriteria(ropes=(("b", 0.2),))
    beliefs = [belief(0.0, 0.002, 0.001), belief(-0.1, 0.06, 0.06)]
    assert outlook(["a", "b"], beliefs, own, saves=True).rows is not None
    assert outlook(["a", "b"], beliefs, own, saves=True).rows != outlook(["b", "a"], beliefs, own, saves=True).rows


@pytest.mark.parametrize("rounding", [1.0, 1.0 + 1e-12])
def test_fits_that_are_all_equal_leave_nothing_to_train(rounding: float) -> None:
    found = outlook(["a"], [belief(0.0, 0.02, 0.02 * rounding)], CRITERIA, saves=True)
    assert (found.growth, found.undecidable) == (None, True)
    assert np.isfinite(found.rows or math.nan)
