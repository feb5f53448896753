"""The verdict on an output: the one of the three that is probable enough, if any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.verdict_rule import output_verdict
from jointbench.stats.correlated_t_test import posterior


@pytest.mark.parametrize(
    ("mean", "scale", "verdict"),
    [
        (0.05, 0.005, "joint"),
        (-0.05, 0.005, "separate"),
        (0.0, 0.002, "equivalent"),
        (0.0, 0.05, "open"),
        (0.015, 0.01, "open"),
        (0.01, 0.0, "equivalent"),
        (0.011, 0.0, "joint"),
    ],
)
def test_known_verdicts(mean: float, scale: float, verdict: str) -> None:
    assert output_verdict(posterior(mean, scale, 24), VerdictCriteria()) == verdict


def test_the_probability_is_reached_not_passed() -> None:
    belief = posterior(0.02, 0.006, 24)
    assert output_verdict(belief, VerdictCriteria(probability=belief.probability_joint_better)) == "joint"
    assert output_verdict(belief, VerdictCriteria(probability=belief.probability_joint_better + 1e-9)) == "open"


def test_the_region_is_the_criteria_s_and_the_posterior_s() -> None:
    assert output_verdict(posterior(0.015, 0.001, 24), VerdictCriteria()) == "joint"
    assert output_verdict(posterior(0.015, 0.001, 24, rope=0.02), VerdictCriteria(rope=0.02)) == "equivalent"
    with pytest.raises(ValueError, match=r"region of ±0\.01, the criteria of ±0\.02"):
        output_verdict(posterior(0.015, 0.001, 24), VerdictCriteria(rope=0.02))


@given(st.floats(-0.1, 0.1), st.floats(0, 0.05), st.floats(0.51, 0.99))
def test_negating_swaps_joint_and_separate(mean: float, scale: float, probability: float) -> None:
    swapped = {"joint": "separate", "separate": "joint"}
    verdict = output_verdict(posterior(mean, scale, 24), VerdictCriteria(probability=probability))
    assert output_verdict(posterior(-mean, scale, 24), VerdictCriteria(probability=probability)) == swapped.get(
        verdict, verdict
    )


@given(st.floats(-0.1, 0.1), st.floats(0, 0.05))
def test_asking_more_never_changes_a_verdict_into_another(mean: float, scale: float) -> None:
    belief = posterior(mean, scale, 24)
    assert output_verdict(belief, VerdictCriteria(probability=0.99)) in (
        output_verdict(belief, VerdictCriteria(probability=0.9)),
        "open",
    )


@pytest.mark.parametrize("probability", [0.5, 1.0, 0.0, float("nan")])
def test_refuses_a_probability_that_decides_nothing(probability: float) -> None:
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        VerdictCriteria(probability=probability)
