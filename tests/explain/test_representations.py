"""The sentence on representations follows the numbers; the comparison never pairs networks of one seed."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.explain.cka import gram
from jointbench.explain.representations import RepresentationComparison, TrunkSimilarity, answer
from jointbench.explain.similarity import Similarity, similarity_of


def planted(differences: dict[str, float], noise: float = 0.005, folds: int = 5) -> TrunkSimilarity:
    """Networks whose last layers are this much less (negative) or more alike than two seeds, with a CKA of 0.8."""
    similarities = []
    for name, difference in differences.items():
        within = np.full((folds, 2), 0.8)
        between = within + [0, difference] + noise * np.linspace(-1, 1, folds)[:, None]
        similarities.append(Similarity(name, between, within))
    return TrunkSimilarity(("trunk 0", "trunk 1"), folds, tuple(similarities))


@pytest.mark.parametrize(
    ("difference", "noise", "claim"),
    [
        (-0.01, 0.005, "as close"),
        (-0.30, 0.005, "further"),
        (0.15, 0.005, "closer"),
        (-0.05, 0.2, "cannot tell"),
    ],
)
def test_the_sentence_follows_the_difference(difference: float, noise: float, claim: str) -> None:
    compared = answer(planted({"a": difference}, noise), "d", "torch")
    first = compared.sentence.partition(".")[0]
    assert claim in first
    assert first.endswith("for a")
    assert f"CKA {0.8 + difference:.2f} against 0.80" in compared.sentence
    assert f"difference {difference:+.2f}" in compared.sentence
    assert compared.numbers["a_difference"] == pytest.approx(difference)


def test_outputs_are_told_apart_and_the_least_alike_is_named() -> None:
    compared = answer(planted({"a": -0.01, "b": -0.3, "c": -0.2}), "d", "torch")
    close, further = compared.sentence.partition(".")[0].split(";")
    assert "as close" in close
    assert close.endswith("for a")
    assert "further" in further
    assert further.endswith("for b, c")
    assert "Least alike for b: CKA 0.50" in compared.sentence
    assert isinstance(compared.data, RepresentationComparison)
    assert [output.reading for output in compared.data.outputs] == ["as close", "further apart", "further apart"]
    assert compared.data.outputs[0].between == (pytest.approx(0.8), pytest.approx(0.79))


def test_too_few_folds_are_a_failure_and_not_a_sentence() -> None:
    failed = answer(planted({"a": 0.0}, folds=2), "d", "torch")
    assert (failed.sentence, failed.failure is None) == ("", False)


def test_networks_of_one_seed_are_never_compared() -> None:
    """Same-seed networks are made identical, others unrelated: an average near 0, and within it near 0 too."""
    rng = np.random.default_rng(0)
    seeds = [rng.normal(size=(200, 5)) for _ in range(2)]
    grams = {0: {(kind, n): [gram(seeds[n])] for kind in (("a", "b"), ("a",)) for n in range(2)}}
    similarity = similarity_of("a", (("a", "b"), ("a",)), grams)
    assert abs(similarity.between[0, 0]) < 0.1
    assert similarity.between[0, 0] == pytest.approx(similarity.within[0, 0])


def test_a_missing_network_takes_its_fold_with_it() -> None:
    rng = np.random.default_rng(0)
    whole = {(kind, n): [gram(rng.normal(size=(50, 3)))] for kind in (("a", "b"), ("a",)) for n in range(2)}
    missing = {key: value for key, value in whole.items() if key != (("a",), 1)}
    assert similarity_of("a", (("a", "b"), ("a",)), {0: whole, 1: missing}).between.shape == (1, 1)
