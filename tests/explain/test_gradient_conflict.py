"""Cosines, shares and the sentence, from planted gradients whose angles and lengths are known."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.backends.base import TrunkGramians
from jointbench.explain.gradient_conflict import Movement, answer, cosines, shares
from jointbench.types import FloatArray


def _products(angle_degrees: float, length: float = 1.0, points: int = 5) -> FloatArray:
    """Inner products of (1, 0) and a vector of a length at an angle to it."""
    angle = np.radians(angle_degrees)
    rows = np.array([[1.0, 0.0], [length * np.cos(angle), length * np.sin(angle)]])
    return np.repeat((rows @ rows.T)[None], points, axis=0)


def _movement(
    products: FloatArray, weights: tuple[float, float] = (1.0, 1.0), joint: tuple[float, float] = (0.5, 0.8)
) -> Movement:
    one = TrunkGramians(products, products)
    return Movement(("a", "b"), (one, one), (np.array(weights),) * 2, joint, (0.4, 0.8), (None, None))


@pytest.mark.parametrize("angle", [30.0, 90.0, 120.0])
def test_cosine_is_that_of_the_angle(angle: float) -> None:
    assert cosines(_products(angle, 3.0))[:, 0] == pytest.approx(np.cos(np.radians(angle)))


def test_an_output_without_a_label_in_the_batch_has_no_cosine() -> None:
    products = np.array([[[1.0, 0.0], [0.0, 0.0]]])
    assert np.isnan(cosines(products)).all()
    assert shares(products, np.ones(2)).tolist() == [[1.0, 0.0]]


def test_shares_of_perpendicular_gradients_are_their_squared_lengths() -> None:
    assert shares(_products(90, 2.0), np.array([1.0, 1.0]))[0] == pytest.approx([0.2, 0.8])
    assert shares(_products(90, 2.0), np.array([2.0, 1.0]))[0] == pytest.approx([0.5, 0.5])  # weighted lengths
    assert shares(_products(50, 2.0), np.array([3.0, 1.0])).sum(axis=1) == pytest.approx(1)


def test_the_sentence_turns_with_the_angle_and_the_length() -> None:
    apart = answer(_movement(_products(120, 3.0)), "d", "torch")
    assert apart.sentence.startswith("They pull apart more than together")
    assert "in 100% of the 10 steps looked at, mean cosine -0.50" in apart.sentence
    assert "b moves it most" in apart.sentence
    together = answer(_movement(_products(60, 1 / 3)), "d", "torch")
    assert together.sentence.startswith("They pull together more than apart")
    assert "in 0% of the 10 steps looked at, mean cosine +0.50" in together.sentence
    assert "a moves it most" in together.sentence
    square = answer(_movement(_products(92)), "d", "torch")
    assert square.sentence.startswith("They pull neither apart nor together")
    assert "no output moves it alone" in answer(_movement(_products(60)), "d", "torch").sentence


def test_half_of_the_steps_in_conflict_are_counted() -> None:
    mixed = np.concatenate([_products(120, points=3), _products(60, points=7)])
    said = answer(_movement(mixed), "d", "torch")
    assert said.numbers["conflict_share"] == pytest.approx(0.3)
    assert said.numbers["mean_cosine"] == pytest.approx(0.2)
    assert "in 30% of the 20 steps" in said.sentence


def test_the_skill_difference_has_its_sign() -> None:
    assert "mean skill over the outputs: +0.050" in answer(_movement(_products(60)), "d", "torch").sentence
    worse = answer(_movement(_products(60), joint=(0.2, 0.8)), "d", "torch")
    assert "mean skill over the outputs: -0.100" in worse.sentence
    assert worse.numbers["worst_skill_difference"] == pytest.approx(-0.2)
