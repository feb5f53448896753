"""Over datasets: the rank correlation against scipy's, and a sentence that follows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from jointbench.explain.answer import Answer
from jointbench.explain.conflict_vs_transfer import across, rank_correlation
from jointbench.explain.gradient_conflict import KEY

RANDOM = np.random.default_rng(0)


def _told(conflict: float, gain: float, name: str = "d", backend: str = "torch") -> Answer:
    numbers = {"conflict_share": conflict, "mean_cosine": 1 - 2 * conflict, "mean_skill_difference": gain}
    return Answer(key=KEY, question="?", dataset=name, backend=backend, sentence="s", numbers=numbers)


def _planted(sign: float, noise: float = 0.0) -> list[Answer]:
    return [_told(x, sign * x + noise * RANDOM.normal(), f"d{i}") for i, x in enumerate(np.linspace(0.1, 0.6, 12))]


def test_it_is_spearman_s() -> None:
    first, second = RANDOM.normal(size=(2, 15))
    second[3] = second[4]  # a tie
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_conflict_that_costs_skill_is_said_to_and_the_reverse_too() -> None:
    (costs,) = across(_planted(-1), 0)
    assert costs.sentence.startswith("Yes:")
    assert "is -1.00 (95 % interval -1.00 to -1.00); of the mean cosine with it, +1.00" in costs.sentence
    (gains,) = across(_planted(+1), 0)
    assert gains.sentence.startswith("No, the reverse:")


def test_what_is_not_shown_is_said_not_to_be() -> None:
    (unsure,) = across(_planted(0, noise=1), 0)
    assert unsure.sentence.startswith("Not shown")
    low, high = unsure.numbers["low"], unsure.numbers["high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < 0 < high


def test_the_same_seed_gives_the_same_interval() -> None:
    told = _planted(0, noise=1)
    assert across(told, 3) == across(told, 3)


def test_few_datasets_failures_and_other_questions_do_not_count() -> None:
    told = _planted(-1)
    assert across(told[:3], 0) == []
    assert across([replace(one, failure="broken") for one in told], 0) == []
    assert across([replace(one, key="other") for one in told], 0) == []
    both = across([*told, *(replace(one, backend="tensorflow") for one in told)], 0)
    assert [answer.backend for answer in both] == ["torch", "tensorflow"]
