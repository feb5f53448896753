from __future__ import annotations

from typing import Any

import baycomp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.stats.signed_rank import DRAWS, SignedRank, signed_rank

values = st.lists(st.integers(-100, 100), min_size=1, max_size=14).map(lambda xs: np.array(xs) / 1000)


def probabilities(result: SignedRank) -> tuple[float, float, float]:
    return result.probability_other_better, result.probability_equivalent, result.probability_joint_better


@pytest.mark.parametrize("rope", [0.01, 0.02])
@pytest.mark.parametrize("centre", [0.0, 0.01, -0.03])
def test_agrees_with_baycomp_draw_by_draw(rope: float, centre: float) -> None:
    """With baycomp's own stream of weights the probabilities are the same, not merely close."""
    differences = np.random.default_rng(3).normal(centre, 0.02, 14)
    stream: Any = np.random.RandomState(7)
    rank = signed_rank(differences, stream, rope=rope)
    expected = baycomp.SignedRankTest.probs(np.zeros(14), differences, rope=rope, nsamples=DRAWS, random_state=7)
    assert probabilities(rank) == pytest.approx(expected, abs=1e-12)


def test_agrees_with_baycomp_without_a_region() -> None:
    differences = np.random.default_rng(4).normal(0.004, 0.02, 9)
    rank = signed_rank(differences, np.random.default_rng(0), rope=0.0)
    left, right = baycomp.SignedRankTest.probs(np.zeros(9), differences, rope=0, nsamples=DRAWS, random_state=1)
    assert probabilities(rank) == pytest.approx((left, 0.0, right), abs=0.02)


def test_the_same_seed_gives_the_same_answer() -> None:
    differences = np.random.default_rng(5).normal(0.0, 0.02, 8)
    first, second, third = (signed_rank(differences, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != third


@settings(max_examples=40, deadline=None)
@given(values, st.sampled_from([0.0, 0.01, 0.03]))
def test_symmetric_and_sums_to_one(differences: np.ndarray, rope: float) -> None:
    rank, swapped = (signed_rank(sign * differences, np.random.default_rng(0), rope=rope) for sign in (1.0, -1.0))
    assert probabilities(rank) == pytest.approx(probabilities(swapped)[::-1], abs=1e-12)
    assert sum(probabilities(rank)) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(values, st.integers(0, 50))
def test_monotone_without_a_region(differences: np.ndarray, step: int) -> None:
    low, high = (signed_rank(d, np.random.default_rng(0), rope=0.0) for d in (differences, differences + step / 1000))
    assert high.probability_joint_better >= low.probability_joint_better


def test_clear_cases() -> None:
    assert signed_rank(np.full(14, 0.1), np.random.default_rng(0)).probability_joint_better > 0.999
    assert signed_rank(np.full(14, -0.1), np.random.default_rng(0)).probability_other_better > 0.999
    assert signed_rank(np.linspace(-0.009, 0.009, 14), np.random.default_rng(0)).probability_equivalent == 1.0


def test_ties_are_split() -> None:
    assert probabilities(signed_rank(np.zeros(5), np.random.default_rng(0), rope=0.0)) == (0.5, 0.0, 0.5)


@pytest.mark.parametrize(
    ("differences", "arguments"),
    [
        ([], {}),
        ([[0.1, 0.2]], {}),
        ([0.1, float("nan")], {}),
        ([0.1], {"rope": -0.1}),
    ],
)
def test_refuses(differences: list[float], arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"per dataset|practical equivalence"):
        signed_rank(differences, np.random.default_rng(0), **arguments)
