from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jointbench.stats.pareto import Direction, pareto_set


def test_known_example() -> None:
    skill_flops = [[0.8, 10], [0.8, 20], [0.9, 30], [0.7, 5], [0.6, 30], [0.8, 10]]
    assert pareto_set(skill_flops, ["larger", "smaller"]).tolist() == [True, False, True, True, False, True]


@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 3)), elements=st.integers(0, 3)), st.data())
def test_brute_force(values: np.ndarray, data: st.DataObject) -> None:
    arms, criteria = values.shape
    directions: list[Direction] = [data.draw(st.sampled_from(["larger", "smaller"])) for _ in range(criteria)]

    def dominates(a: int, b: int) -> bool:
        gains = [(values[a, c] - values[b, c]) * (1 if directions[c] == "larger" else -1) for c in range(criteria)]
        return min(gains) >= 0 and max(gains) > 0

    expected = [not any(dominates(other, arm) for other in range(arms)) for arm in range(arms)]
    inside = pareto_set(values, directions)
    assert inside.tolist() == expected
    assert inside.any()


@pytest.mark.parametrize(
    ("values", "directions", "says"),
    [
        ([[1.0, 2.0]], ["larger"], "criteria"),
        ([1.0, 2.0], ["larger", "larger"], "criteria"),
        ([[1.0]], ["up"], "'larger' or 'smaller'"),
        ([[float("nan")]], ["larger"], "lacks a value"),
    ],
)
def test_refuses(values: list[float], directions: list[Direction], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        pareto_set(values, directions)
