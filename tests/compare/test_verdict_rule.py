"""One rule decides on a dataset: the decision, the advice and the simulation cannot disagree, edges included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.decision import judge
from jointbench.compare.differences import output_differences
from jointbench.compare.sample_size import required_sample_size
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.quantity import TRAINING_STEP, Quantity
from jointbench.compare.verdict_rule import dataset_verdict, dataset_verdicts
from jointbench.stats.correlated_t_test import RegionProbabilities, correlated_t_test
from jointbench.stats.estimate import Estimate

SAVING = Ratio(
    quantity=Quantity(TRAINING_STEP),
    other="separate",
    ratio=Estimate(0.5, 0.4, 0.6),
    floor=None,
    blocks=20,
    measured_difference=True,
)
shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


def in_words(outputs: list[list[float]], probability: float, saves: bool) -> str:
    """The documented rule, read out one output at a time; an output is (P below the region, P below or within it)."""
    if any(below >= 1 - (1 - probability) / len(outputs) for below, _ in outputs):  # Bonferroni: Holm's first step
        return "separate"
    if saves and all(1 - below >= probability for below, _ in outputs):
        return "joint"
    if all(up_to - below >= probability for below, up_to in outputs):
        return "equivalent"
    return "inconclusive"


@given(st.lists(shares, min_size=1, max_size=5), st.floats(0.51, 0.99), st.booleans())
def test_the_rule_is_what_the_documentation_says(outputs: list[list[float]], probability: float, saves: bool) -> None:
    below, up_to = np.array(outputs).T
    beliefs = RegionProbabilities(1 - up_to, up_to - below, below, 1 - below)
    edges = [probability, 1 - probability, 1 - (1 - probability) / len(outputs)]
    if min(abs(np.concatenate([below, up_to - below])[:, None] - edges).ravel()) > 1e-9:  # rounding decides nothing
        criteria = VerdictCriteria(probability=probability)
        assert dataset_verdict(beliefs, criteria, saves=saves) == in_words(outputs, probability, saves)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(0, 1000), st.sampled_from([0.0, 0.003, 0.03]), st.booleans())
def test_the_advice_calls_settled_exactly_what_is_decided(outputs: int, seed: int, noise: float, saves: bool) -> None:
    """Without noise the differences lie exactly on the region's edge, where a loss is none."""
    generator = np.random.default_rng(seed)
    means = generator.choice([-0.03, -0.01, 0.0, 0.01, 0.03], outputs)
    differences = means[:, None, None, None] + generator.normal(0.0, noise, (outputs, 1, 5, 2))
    names = [str(i) for i in range(outputs)]
    criteria = VerdictCriteria()
    by_output = output_differences(differences, 10, names, "separate", 5, criteria=criteria)
    decision = judge(by_output, [SAVING] if saves else [], criteria, planned=10)
    required = required_sample_size(differences, criteria, saves=saves)
    assert required.decided == (decision.verdict != "inconclusive")


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
        assert bool(together.decided[i]) == (verdict != "inconclusive")
        assert verdict == "inconclusive" or getattr(together, verdict)[i]
