"""The sentence on representations follows the numbers; the comparison never pairs networks of one seed."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.explain.cka import gram
from jointbench.explain.representations import Likeness, Measured, likeness_answer, likeness_of


def planted(differences: dict[str, float], noise: float = 0.005, folds: int = 5) -> Measured:
    """Networks whose last layers are this much less (negative) or more alike than two seeds, which have a CKA of 0.8."""
    likeness = []
    for name, difference in differences.items():
        within = np.full((folds, 2), 0.8)
        between = within + [0, difference] + noise * np.linspace(-1, 1, folds)[:, None]
        likeness.append(Likeness(name, between, within))
    return Measured("joint", ("trunk 0", "trunk 1"), folds, tuple(likeness))


@pytest.mark.parametrize(
    ("difference", "noise", "said"),
    [
        (-0.01, 0.005, "is as close to the separate one as two seeds are to each other for a"),
        (-0.30, 0.005, "is further from the separate one than two seeds are from each other for a"),
        (0.15, 0.005, "is closer to the separate one than two seeds are to each other for a"),
        (-0.05, 0.2, "at a distance from the separate one that the folds cannot tell from that of two seeds for a"),
    ],
)
def test_the_sentence_follows_the_difference(difference: float, noise: float, said: str) -> None:
    answer = likeness_answer("d", "torch", planted({"a": difference}, noise))
    assert said in answer.sentence
    assert f"CKA {0.8 + difference:.2f} against 0.80 between two seeds" in answer.sentence
    assert answer.numbers["a_difference"] == pytest.approx(difference)


def test_outputs_are_told_apart_and_the_least_alike_is_named() -> None:
    answer = likeness_answer("d", "torch", planted({"a": -0.01, "b": -0.3, "c": -0.2}))
    assert "as close to the separate one as two seeds are to each other for a; further" in answer.sentence
    assert "for b, c." in answer.sentence
    assert "Least alike for b: CKA 0.50" in answer.sentence
    assert [row[-1] for row in answer.tables[0].rows] == ["as close", "further apart", "further apart"]
    assert answer.tables[1].rows[0] == ("joint and a", pytest.approx(0.8), pytest.approx(0.79))


def test_too_few_folds_are_a_failure_and_not_a_sentence() -> None:
    answer = likeness_answer("d", "torch", planted({"a": 0.0}, folds=2))
    assert (answer.sentence, answer.failure is None) == ("", False)


def test_networks_of_one_seed_are_never_compared() -> None:
    """Same-seed networks are made identical, others unrelated: an average near 0, and within it near 0 too."""
    rng = np.random.default_rng(0)
    seeds = [rng.normal(size=(200, 5)) for _ in range(2)]
    grams = {0: {(kind, n): [gram(seeds[n])] for kind in (("a", "b"), ("a",)) for n in range(2)}}
    found = likeness_of("a", (("a", "b"), ("a",)), grams)
    assert abs(found.between[0, 0]) < 0.1
    assert found.between[0, 0] == pytest.approx(found.within[0, 0])


def test_a_missing_network_takes_its_fold_with_it() -> None:
    rng = np.random.default_rng(0)
    whole = {(kind, n): [gram(rng.normal(size=(50, 3)))] for kind in (("a", "b"), ("a",)) for n in range(2)}
    missing = {key: value for key, value in whole.items() if key != (("a",), 1)}
    assert likeness_of("a", (("a", "b"), ("a",)), {0: whole, 1: missing}).between.shape == (1, 1)
