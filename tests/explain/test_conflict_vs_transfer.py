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


def _conflict(conflict: float, gain: float, name: str = "d", backend: str = "torch") -> Answer:
    numbers = {"conflict_share": conflict, "mean_cosine": 1 - 2 * conflict, "mean_skill_difference": gain}
    return Answer(key=KEY, question="?", dataset=name, backend=backend, sentence="s", numbers=numbers)


def _planted(sign: float, noise: float = 0.0) -> list[Answer]:
    return [_conflict(x, sign * x + noise * RANDOM.normal(), f"d{i}") for i, x in enumerate(np.linspace(0.1, 0.6, 12))]


def test_it_is_spearman_s() -> None:
    first, second = RANDOM.normal(size=(2, 15))
    second[3] = second[4]  # a tie
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_the_claim_follows_the_sign_of_the_correlation() -> None:
    (costs,) = across(_planted(-1), 0)
    assert costs.sentence.startswith("Yes")
    assert [costs.numbers[name] for name in ("rank_correlation_conflict", "low", "high")] == [-1, -1, -1]
    assert [costs.numbers[name] for name in ("rank_correlation_cosine", "cosine_low", "cosine_high")] == [1, 1, 1]
    by_conflict, by_cosine = costs.sentence.split("mean cosine")
    assert by_conflict.count("-1.00") == 3
    assert by_cosine.count("+1.00") == 3
    (gains,) = across(_planted(+1), 0)
    assert gains.sentence.startswith("No")
    assert "reverse" in gains.sentence
    assert gains.sentence.split("mean cosine")[0].count("+1.00") == 3


def test_an_interval_around_zero_shows_nothing() -> None:
    (unsure,) = across(_planted(0, noise=1), 0)
    assert unsure.sentence.startswith("Not shown")
    low, high = unsure.numbers["low"], unsure.numbers["high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < 0 < high
    assert f"{low:+.2f} to {high:+.2f}" in unsure.sentence


def test_the_same_seed_gives_the_same_interval() -> None:
    conflicts = _planted(0, noise=1)
    assert across(conflicts, 3) == across(conflicts, 3)


def test_few_datasets_failures_and_other_questions_do_not_count() -> None:
    conflicts = _planted(-1)
    assert across(conflicts[:3], 0) == []
    assert across([replace(answer, failure="broken") for answer in conflicts], 0) == []
    assert across([replace(answer, key="other") for answer in conflicts], 0) == []
    unknown = [replace(answer, numbers={**answer.numbers, "mean_skill_difference": None}) for answer in conflicts]
    assert across(unknown, 0) == []
    both = across([*conflicts, *(replace(answer, backend="tensorflow") for answer in conflicts)], 0)
    assert [answer.backend for answer in both] == ["torch", "tensorflow"]
