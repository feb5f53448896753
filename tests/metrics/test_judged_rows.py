"""Rows of a class that training never saw: no constant answer may pass for skill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.metrics.judged_rows import judged_no_skill_error, judged_rows, unseen_classes
from jointbench.metrics.quality import no_skill_error, score
from jointbench.types import FloatArray, Output

BINARY = Output("pos", "binary", ("no", "yes"))
FOUR = Output("phase", "multiclass", ("a", "b", "c", "d"))
NAN = float("nan")


def codes(*values: float) -> FloatArray:
    return np.array(values)


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=40),
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.lists(st.floats(-8, 8), min_size=4, max_size=4),
)
def test_no_constant_answer_has_skill_where_training_lacks_a_class(
    seen: list[int], tested: list[int], logits: list[float]
) -> None:
    """Class d is never trained on. Skill is 1 - error / no-skill error, summed over folds: at most 0 for a constant."""
    train, test = np.array(seen, float), np.array([*tested, 3], float)
    judged = judged_rows(FOUR, train, test)
    no_skill = judged_no_skill_error(FOUR, train, test)
    assert set(test[judged]) <= set(train)
    if not judged.any():
        assert np.isnan(no_skill)
        return
    answer = np.tile(np.array(logits), (int(judged.sum()), 1))
    assert score(FOUR, test[judged], answer, no_skill).error >= no_skill - 1e-12
    assert no_skill > 0


def test_a_fold_of_unseen_classes_alone_is_not_judged() -> None:
    train, test = codes(0, 1, 0, 1), codes(2, 2, 2)
    assert not judged_rows(FOUR, train, test).any()
    assert unseen_classes(FOUR, train, test) == {2: 3}


def test_a_class_that_is_constant_in_training_is_not_judged() -> None:
    """Whoever says "no" always is right on each of these rows, and has learnt nothing."""
    assert not judged_rows(BINARY, codes(0, 0, 0), codes(0, 0, 1)).any()
    assert not judged_rows(BINARY, codes(0, 0, 0), codes(0, 0)).any()


def test_rows_of_known_classes_are_judged_beside_those_that_are_not() -> None:
    train, test = codes(0, 1, NAN, 1), codes(0, 3, 1, NAN, 3, 1)
    assert judged_rows(FOUR, train, test).tolist() == [True, False, True, False, False, True]
    assert unseen_classes(FOUR, train, test) == {3: 2}
    log = replace(FOUR, metric="log")
    assert judged_no_skill_error(log, train, test) == pytest.approx(-(np.log(1 / 3) + 2 * np.log(2 / 3)) / 3)
    brier = 1 * 2 * (2 / 3) ** 2 + 2 * 2 * (1 / 3) ** 2  # two classes, of shares 1/3 and 2/3
    assert judged_no_skill_error(FOUR, train, test) == pytest.approx(brier / 3)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=40), st.integers(0, 10**6))
def test_where_training_saw_every_class_nothing_changes(values: list[int], seed: int) -> None:
    train = np.array([0, 1, 2, 3, *values], float)
    test = np.random.default_rng(seed).choice(train, 12)
    test[3] = NAN
    known = ~np.isnan(test)
    assert np.array_equal(judged_rows(FOUR, train, test), known)
    assert judged_no_skill_error(FOUR, train, test) == no_skill_error(FOUR, train, test[known])


def test_numbers_are_judged_wherever_they_are_known() -> None:
    number = Output("price", "regression")
    train, test = codes(1, 2, NAN), codes(9, NAN)
    assert judged_rows(number, train, test).tolist() == [True, False]
    assert judged_no_skill_error(number, train, test) == 7.5**2
    assert unseen_classes(number, train, test) == {}
