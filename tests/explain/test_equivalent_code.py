"""The sentence on equivalent code follows planted differences."""

from __future__ import annotations

import pytest

from jointbench.backends.base import Pattern
from jointbench.explain.equivalent_code import PRECISIONS, CodeComparison, Difference, answer


def claims(gradients: float, losses: float) -> tuple[str, str]:
    """Of sliced columns, whose difference in float64 is planted, and of a hand-written loss, which is equal."""
    sliced, hand_written, _ = answer(planted(gradients, losses), "d", "torch").sentence.split(".")
    return sliced, hand_written


def planted(gradients: float, losses: float) -> CodeComparison:
    patterns: tuple[Pattern, ...] = ("sliced", "hand-written")
    differences = tuple(
        Difference(pattern, precision, gradients, losses)
        if (pattern, precision) == ("sliced", "float64")
        else Difference(pattern, precision, 1e-16, 1e-16)
        for pattern in patterns
        for precision in PRECISIONS
    )
    return CodeComparison(("a", "b"), ("regression", "binary"), 1234, differences)


def test_differences_by_rounding_are_the_same_model() -> None:
    sliced, hand_written = claims(2e-16, 3e-15)
    assert "are the same model" in sliced
    assert "1,234 weights differ by at most 2e-16" in sliced
    assert "3e-15" in sliced
    assert "are the same model" in hand_written


@pytest.mark.parametrize(("gradients", "losses"), [(1e-3, 1e-16), (1e-16, 1e-3)])
def test_other_gradients_or_losses_are_not_the_same_model(gradients: float, losses: float) -> None:
    sliced, hand_written = claims(gradients, losses)
    assert "cut into columns" in sliced
    assert "are NOT the same model" in sliced
    assert "1e-03" in sliced
    assert "are the same model" in hand_written


def test_losses_that_are_not_finite_are_a_failure_and_not_another_model() -> None:
    failed = answer(planted(1e-16, float("nan")), "d", "torch")
    assert failed.failure is not None
    assert "not finite" in failed.failure
    assert failed.sentence == ""
