"""One rule decides on a dataset, as the documentation says it, edges included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.verdict_rule import dataset_verdict, dataset_verdicts
from jointbench.stats.correlated_t_test import RegionProbabilities, correlated_t_test

shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


def in_words(outputs: list[list[float]], probability: float, saves: bool) -> str:
    """The documented rule, read out one output at a time; an output is (P below the region, P below or within it)."""
    if any(below >= 1 - (1 - probability) / len(outputs) for below, _ in outputs):  # Bonferroni: Holm's first step
        return "separate"
    if saves and all(1 - below >= probability for below, _ in outputs):
        return "joint"
    if all(up_to - below >= probability for below, up_to in outputs):
        return "equivalent"
    return "open"


@given(st.lists(shares, min_size=1, max_size=5), st.floats(0.51, 0.99), st.booleans())
def test_the_rule_is_what_the_documentation_says(outputs: list[list[float]], probability: float, saves: bool) -> None:
    below, up_to = np.array(outputs).T
    beliefs = RegionProbabilities(1 - up_to, up_to - below, below, 1 - below)
    edges = [probability, 1 - probability, 1 - (1 - probability) / len(outputs)]
    if min(abs(np.concatenate([below, up_to - below])[:, None] - edges).ravel()) > 1e-9:  # rounding decides nothing
        criteria = VerdictCriteria(probability=probability)
        assert dataset_verdict(beliefs, criteria, saves=saves) == in_words(outputs, probability, saves)


def test_a_loss_of_exactly_the_region_is_no_loss() -> None:
    """All folds agree on -0.01: P(equivalent) is 1, so joint is safe, and recommended where it saves."""
    belief = correlated_t_test([-0.01] * 5, folds=5)
    assert float(belief.probabilities.equivalent) == float(belief.probabilities.no_loss) == 1.0
    alone = RegionProbabilities(*(np.ones(1) * float(p) for p in (0.0, 1.0, 0.0, belief.probabilities.no_loss)))
    assert dataset_verdict(alone, VerdictCriteria(), saves=True) == "joint"
    assert dataset_verdict(alone, VerdictCriteria(), saves=False) == "equivalent"


@pytest.mark.parametrize("saves", [True, False])
def test_many_datasets_at_once_are_decided_as_one_by_one(saves: bool) -> None:
    generator = np.random.default_rng(0)
    joint, other = generator.dirichlet([0.3, 0.3, 0.3], (3, 400))[..., :2].transpose(2, 0, 1)
    beliefs = RegionProbabilities(joint, 1 - joint - other, other, 1 - other)
    together = dataset_verdicts(beliefs, VerdictCriteria(), saves=saves)
    for i in range(400):
        single = RegionProbabilities(joint[:, i], 1 - joint[:, i] - other[:, i], other[:, i], 1 - other[:, i])
        verdict = dataset_verdict(single, VerdictCriteria(), saves=saves)
        assert bool(together.decided[i]) == (verdict != "open")
        assert verdict == "open" or getattr(together, verdict)[i]
