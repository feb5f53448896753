"""Across datasets: one value each, counted and ranked."""

from __future__ import annotations

from dataclasses import replace

import baycomp
import numpy as np
import pytest

import jointbench
from jointbench.comparison.api import Comparisons
from planted import two_arms


def across(means: list[float]) -> Comparisons:
    records = [
        record for i, mean in enumerate(means) for record in replace(two_arms([mean, mean]), dataset=f"d{i}").records()
    ]
    return jointbench.compare_arms(records)


def test_across_datasets_counts_and_ranks_one_value_each() -> None:
    means = [0.05, 0.04, 0.03, 0.06, -0.05, 0.0]
    (summary,) = across(means).across
    assert (summary.win, summary.equivalent, summary.lose, summary.open, summary.ranked) == (4, 1, 1, 0, 6)
    other, same, joint = baycomp.two_on_multiple(np.zeros(6), np.array(means), rope=0.01)
    assert summary.probability_joint_better == pytest.approx(joint, abs=0.02)
    assert summary.probability_equivalent == pytest.approx(same, abs=0.02)
    assert summary.probability_other_better == pytest.approx(other, abs=0.02)


def test_few_datasets_are_counted_and_not_ranked() -> None:
    (summary,) = across([0.05, 0.04, 0.03]).across
    assert (summary.win, summary.ranked, summary.probability_joint_better) == (3, 3, None)
