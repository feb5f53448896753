"""Over datasets: do conflicting gradients predict that sharing costs skill?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from jointbench.explain import gradient_conflict
from jointbench.explain.answer import Answer, AnswerData
from jointbench.explain.number_text import signed
from jointbench.types import FloatArray

KEY = "conflict-and-transfer"
QUESTION = "Do conflicting gradients predict that sharing costs skill?"
MIN_DATASETS = 4  # for a rank correlation to be worth a sentence
RESAMPLES = 5_000
ALL_DATASETS = "all datasets"
NUMBERS = ("conflict_share", "mean_cosine", "mean_skill_difference")


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation over datasets with its 95 % interval."""

    rho: float
    low: float
    high: float


@dataclass(frozen=True)
class DatasetConflict:
    """One dataset's share of steps in conflict, mean cosine, and mean skill difference (joint - separate)."""

    dataset: str
    conflict_share: float
    cosine: float
    gain: float


@dataclass(frozen=True)
class ConflictByDataset(AnswerData):
    """What the rank correlations are made from."""

    datasets: tuple[DatasetConflict, ...]


def rank_correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Spearman's over the last axis: the correlation of the ranks; NaN where either does not vary."""
    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    centred, other_centred = (values - values.mean(axis=-1, keepdims=True) for values in ranks)
    lengths = np.sqrt((centred**2).sum(axis=-1) * (other_centred**2).sum(axis=-1))
    products = (centred * other_centred).sum(axis=-1)
    result: FloatArray = np.divide(products, lengths, out=np.full(np.shape(lengths), np.nan), where=lengths > 0)
    return result


def bootstrap_interval(first: FloatArray, second: FloatArray, generator: np.random.Generator) -> tuple[float, float]:
    """95 % percentile bootstrap over datasets. Resamples in which either does not vary are drawn and left out."""
    drawn = generator.integers(0, len(first), (RESAMPLES, len(first)))
    correlations = rank_correlation(first[drawn], second[drawn])
    if np.isnan(correlations).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(correlations, [0.025, 0.975])
    return float(low), float(high)


def across(answers: Sequence[Answer], seed: int) -> list[Answer]:
    """One answer for each backend that has measured gradient conflict on at least MIN_DATASETS datasets."""
    measured = [answer for answer in answers if answer.key == gradient_conflict.KEY and _is_measured(answer)]
    backends = dict.fromkeys(answer.backend for answer in measured)
    by_backend = {name: [answer for answer in measured if answer.backend == name] for name in backends}
    return [answer(conflicts, name, seed) for name, conflicts in by_backend.items() if len(conflicts) >= MIN_DATASETS]


def _is_measured(answer: Answer) -> bool:
    return answer.failure is None and bool(np.isfinite(_numbers(answer)).all())


def _numbers(answer: Answer) -> FloatArray:
    """(3,): share of steps in conflict, mean cosine, mean skill difference."""
    return np.array([answer.numbers[name] for name in NUMBERS], np.float64)


def answer(conflicts: Sequence[Answer], backend: str, seed: int) -> Answer:
    """Rank correlation over datasets of gradient conflict with the mean skill difference.

    conflicts: ``gradient_conflict``'s answers, one a dataset.
    """
    generator = np.random.default_rng([seed, 0x7A4])
    conflict, cosine, gain = np.stack([_numbers(answer) for answer in conflicts], axis=1)
    by_conflict, by_cosine = (
        RankCorrelation(float(rank_correlation(values, gain)), *bootstrap_interval(values, gain, generator))
        for values in (conflict, cosine)
    )
    datasets = tuple(
        DatasetConflict(answer.dataset, *values)
        for answer, *values in zip(conflicts, conflict.tolist(), cosine.tolist(), gain.tolist(), strict=True)
    )
    numbers = {
        "datasets": len(conflicts),
        "rank_correlation_conflict": by_conflict.rho,
        "low": by_conflict.low,
        "high": by_conflict.high,
        "rank_correlation_cosine": by_cosine.rho,
        "cosine_low": by_cosine.low,
        "cosine_high": by_cosine.high,
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=ALL_DATASETS,
        backend=backend,
        sentence=_sentence(len(conflicts), by_conflict, by_cosine),
        numbers=numbers,
        data=ConflictByDataset(datasets),
    )


def _sentence(datasets: int, by_conflict: RankCorrelation, by_cosine: RankCorrelation) -> str:
    if by_conflict.high < 0:
        verdict = "Yes: the more the gradients conflict, the more skill sharing costs"
    elif by_conflict.low > 0:
        verdict = "No, the reverse: the more the gradients conflict, the more skill sharing gains"
    else:
        verdict = "Not shown: the interval includes 0"
    rho, low, high = (signed(value, 2) for value in (by_conflict.rho, by_conflict.low, by_conflict.high))
    cosine_rho, cosine_low, cosine_high = (signed(value, 2) for value in (by_cosine.rho, by_cosine.low, by_cosine.high))
    return (
        f"{verdict}. Over {datasets} datasets the rank correlation of the share of steps in conflict with the skill "
        f"difference (joint minus separate) is {rho} (95 % interval {low} to {high}); of the mean cosine with it, "
        f"{cosine_rho} ({cosine_low} to {cosine_high})."
    )
