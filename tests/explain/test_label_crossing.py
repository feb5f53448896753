"""Where sharing stops paying: planted gains that fall along the logarithm of the labels."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.explain.label_crossing import crossing
from jointbench.stats.row_level import RowDifferences
from jointbench.types import FloatArray

LABELS = np.array([20.0, 40, 100, 200, 400])
ROWS, FOLDS = 120, 5


def rows(values: FloatArray) -> RowDifferences:
    return RowDifferences(values, np.arange(ROWS)[:, None] % FOLDS, np.arange(ROWS))


def gains(means: FloatArray, noise: float, seed: int = 0) -> FloatArray:
    """(labels, rows, repeats, seeds)."""
    draws = np.random.default_rng(seed).normal(size=(len(means), ROWS, 1, 2))
    return means[:, None, None, None] + noise * draws


def falling(crosses: float, slope: float = 0.1) -> FloatArray:
    """Gains that are 0.01 at so many labels."""
    return np.asarray(0.01 - slope * np.log(LABELS / crosses))


@pytest.mark.parametrize("crosses", [30.0, 90.0, 250.0])
def test_the_crossing_is_where_the_gain_falls_to_what_does_not_matter(crosses: float) -> None:
    place = crossing(LABELS, gains(falling(crosses), 0.02), rows)
    assert place is not None
    assert (place.few, place.many) == ("gains", "no gain")
    assert place.labels == pytest.approx(crosses, rel=0.1)
    assert place.low is not None
    assert place.high is not None
    assert place.low < crosses < place.high < 2 * place.low


def test_the_interval_holds_the_crossing_as_often_as_it_says() -> None:
    """20 draws with noise that makes the interval wide: at 95 %, three misses or more happen once in 13 times."""
    hits = 0
    for seed in range(20):
        place = crossing(LABELS, gains(falling(90.0), 0.5, seed), rows)
        assert place is not None
        hits += (place.low or 0) < 90 < (place.high or np.inf)
    assert hits >= 17


def test_a_gain_that_never_falls_has_no_crossing() -> None:
    place = crossing(LABELS, gains(np.full(5, 0.2), 0.02), rows)
    assert place is not None
    assert (place.few, place.many, place.labels, place.high) == ("gains", "gains", None, None)
    assert place.low == pytest.approx(400)


def test_noise_leaves_both_ends_open() -> None:
    place = crossing(LABELS, gains(falling(90.0, 0.01), 2.0), rows)
    assert place is not None
    assert (place.few, place.many, place.low, place.high) == ("open", "open", None, None)


def test_one_number_of_labels_or_no_rows_cross_nothing() -> None:
    assert crossing(np.full(5, 7.0), gains(falling(90.0), 0.02), rows) is None
    assert crossing(LABELS, np.full((5, ROWS, 1, 2), np.nan), rows) is None
