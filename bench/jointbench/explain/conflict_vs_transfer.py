"""Over datasets: do conflicting gradients foretell that sharing costs skill?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from jointbench.explain import gradient_conflict
from jointbench.explain.answer import Answer, Table
from jointbench.explain.number_text import signed
from jointbench.types import FloatArray

KEY = "conflict-and-transfer"
QUESTION = "Do conflicting gradients foretell that sharing costs skill?"
FEWEST = 4  # datasets for a rank correlation to be worth a sentence
RESAMPLES = 5_000
EVERY = "all datasets"


def rank_correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Spearman's over the last axis: the correlation of the ranks; NaN where one of them does not vary."""
    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    one, other = (values - values.mean(axis=-1, keepdims=True) for values in ranks)
    lengths = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    products = (one * other).sum(axis=-1)
    result: FloatArray = np.divide(products, lengths, out=np.full(np.shape(lengths), np.nan), where=lengths > 0)
    return result


def interval(first: FloatArray, second: FloatArray, generator: np.random.Generator) -> tuple[float, float]:
    """95 % percentile bootstrap over datasets; resamples in which one does not vary are drawn and left out."""
    drawn = generator.integers(0, len(first), (RESAMPLES, len(first)))
    found = rank_correlation(first[drawn], second[drawn])
    if np.isnan(found).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def across(answers: Sequence[Answer], seed: int) -> list[Answer]:
    """One answer for each backend that has told who moves the trunk on at least FEWEST datasets."""
    told = [answer for answer in answers if answer.key == gradient_conflict.KEY and answer.failure is None]
    by_backend = {
        backend: [one for one in told if one.backend == backend] for backend in dict.fromkeys(a.backend for a in told)
    }
    return [answer(mine, backend, seed) for backend, mine in by_backend.items() if len(mine) >= FEWEST]


def answer(told: Sequence[Answer], backend: str, seed: int) -> Answer:
    """Conflict against the mean skill difference: the rank correlation over datasets with its interval."""
    generator = np.random.default_rng([seed, 0x7A4])
    conflict, cosine, gain = (
        np.array([one.numbers[name] for one in told], np.float64)
        for name in ("conflict_share", "mean_cosine", "mean_skill_difference")
    )
    found, (low, high) = float(rank_correlation(conflict, gain)), interval(conflict, gain, generator)
    by_cosine, (cosine_low, cosine_high) = float(rank_correlation(cosine, gain)), interval(cosine, gain, generator)
    if high < 0:
        verdict = "Yes: the more the gradients conflict, the more skill sharing costs"
    elif low > 0:
        verdict = "No, the reverse: the more the gradients conflict, the more skill sharing gains"
    else:
        verdict = "Not shown: the interval includes 0"
    sentence = (
        f"{verdict}. Over {len(told)} datasets the rank correlation of the share of steps in conflict with the skill "
        f"difference (joint minus separate) is {signed(found, 2)} (95 % interval {signed(low, 2)} to {signed(high, 2)}); of the mean cosine "
        f"with it, {signed(by_cosine, 2)} ({signed(cosine_low, 2)} to {signed(cosine_high, 2)})."
    )
    rows = tuple(
        (one.dataset, c, s, g)
        for one, c, s, g in zip(told, conflict.tolist(), cosine.tolist(), gain.tolist(), strict=True)
    )
    table = Table(
        "Conflict in the shared layers and what sharing does to skill, by dataset",
        ("Dataset", "Share of steps in conflict", "Mean cosine", "Joint minus separate, mean skill"),
        rows,
    )
    numbers = {
        "datasets": len(told),
        "rank_correlation_conflict": found,
        "low": low,
        "high": high,
        "rank_correlation_cosine": by_cosine,
        "cosine_low": cosine_low,
        "cosine_high": cosine_high,
    }
    return Answer(
        key=KEY, question=QUESTION, dataset=EVERY, backend=backend, sentence=sentence, numbers=numbers, tables=(table,)
    )
