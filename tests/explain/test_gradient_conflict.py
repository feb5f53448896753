"""Cosines, shares and the sentence, from planted gradients whose angles and lengths are known."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.backends.base import TrunkGramians
from jointbench.explain.gradient_conflict import answer
from jointbench.explain.trunk_gradients import TrunkGradients, cosines, shares
from jointbench.types import FloatArray


def _products(angle_degrees: float, length: float = 1.0, points: int = 5) -> FloatArray:
    """Inner products of (1, 0) and a vector of a length at an angle to it."""
    angle = np.radians(angle_degrees)
    rows = np.array([[1.0, 0.0], [length * np.cos(angle), length * np.sin(angle)]])
    return np.repeat((rows @ rows.T)[None], points, axis=0)


def _gradients(
    products: FloatArray, weights: tuple[float, float] = (1.0, 1.0), joint: tuple[float, float] = (0.5, 0.8)
) -> TrunkGradients:
    gramians = TrunkGramians(products, products)
    return TrunkGradients(("a", "b"), (gramians, gramians), (np.array(weights),) * 2, joint, (0.4, 0.8), (None, None))


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


@pytest.mark.parametrize(
    ("angle", "claim", "conflict", "cosine"),
    [
        (120, "pull apart", "100%", "-0.50"),
        (60, "pull together", "0%", "+0.50"),
        (92, "neither apart nor together", "100%", "-0.03"),
    ],
)
def test_the_claim_follows_the_angle(angle: float, claim: str, conflict: str, cosine: str) -> None:
    sentence = answer(_gradients(_products(angle)), "d", "torch").sentence
    verdict, _, rest = sentence.partition(":")
    assert claim in verdict
    assert f"in {conflict} of the 10 steps" in rest
    assert f"mean cosine {cosine}" in rest


@pytest.mark.parametrize(
    ("length", "claim"), [(3.0, "b moves it most"), (1 / 3, "a moves it most"), (1.0, "no output")]
)
def test_the_longest_gradient_moves_the_trunk(length: float, claim: str) -> None:
    gradients = answer(_gradients(_products(60, length)), "d", "torch")
    assert claim in gradients.sentence
    largest = gradients.numbers["largest_share"]
    assert isinstance(largest, float)
    assert f"{largest:.0%} of the update" in gradients.sentence


def test_half_of_the_steps_in_conflict_are_counted() -> None:
    mixed = np.concatenate([_products(120, points=3), _products(60, points=7)])
    gradients = answer(_gradients(mixed), "d", "torch")
    assert gradients.numbers["conflict_share"] == pytest.approx(0.3)
    assert gradients.numbers["mean_cosine"] == pytest.approx(0.2)
    assert "in 30% of the 20 steps" in gradients.sentence


def test_the_skill_difference_has_its_sign() -> None:
    better = answer(_gradients(_products(60)), "d", "torch")
    assert better.sentence.endswith(": +0.050.")
    worse = answer(_gradients(_products(60), joint=(0.2, 0.8)), "d", "torch")
    assert worse.sentence.endswith(": -0.100.")
    assert worse.numbers["worst_skill_difference"] == pytest.approx(-0.2)


def test_outputs_that_are_never_labelled_together_have_no_conflict_to_measure() -> None:
    alone = np.repeat(np.array([[[1.0, 0.0], [0.0, 0.0]]]), 5, axis=0)
    failed = answer(_gradients(alone), "d", "torch")
    assert failed.failure is not None
    assert "never known in the same rows" in failed.failure
    assert failed.sentence == ""
