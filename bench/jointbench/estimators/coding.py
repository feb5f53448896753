"""Outputs as the columns that an estimator is trained on, and its answers as raw predictions.

A classifier gets class codes and gives probabilities. A regressor gets one column for a number, one for two classes and
one for each of more, all standardised on its training rows, so that outputs weigh alike, as they do in a network's
loss. For trees that is the Gini criterion, and their mean answers are class shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from jointbench.errors import BadInput
from jointbench.predictions.predicted_values import logits
from jointbench.types import FloatArray, IntArray, Output

LEAST_PROBABILITY = 1e-6  # a regressor's answer may lie outside [0, 1]


@dataclass(frozen=True, eq=False)
class Coding:
    """How one group of outputs is coded. mean, scale: (columns,), of the training rows; () for a classifier."""

    outputs: tuple[Output, ...]
    mean: FloatArray
    scale: FloatArray
    classes: bool

    def columns(self, values: Sequence[FloatArray]) -> FloatArray:
        """(rows, columns), or (rows,) of a single one. values: by output, (rows,), all known."""
        coded = np.stack(values, axis=1) if self.classes else (_columns(self.outputs, values) - self.mean) / self.scale
        return coded[:, 0] if coded.shape[1] == 1 else coded


def coding_of(outputs: Sequence[Output], estimator: Any, train: Sequence[FloatArray], name: str) -> Coding:
    """train: by output, (training rows,), all known. Raises BadInput for numbers before a classifier."""
    if not is_classifier(estimator):
        columns = _columns(outputs, train)
        spread = columns.std(axis=0)
        return Coding(tuple(outputs), columns.mean(axis=0), np.where(spread > 0, spread, 1.0), classes=False)
    if numbers := [output.name for output in outputs if output.kind == "regression"]:
        raise BadInput(
            f"{name} is a classifier, and output {numbers[0]!r} is a number; give a regressor, which takes classes "
            f"too, or compare numbers and classes apart"
        )
    return Coding(tuple(outputs), np.zeros(0), np.zeros(0), classes=True)


def _columns(outputs: Sequence[Output], values: Sequence[FloatArray]) -> FloatArray:
    """(rows, columns): numbers as they are, 0/1 for two classes, one 0/1 column for each of more."""
    parts = []
    for output, column in zip(outputs, values, strict=True):
        several = output.kind == "multiclass"
        parts.append(np.eye(len(output.classes))[column.astype(np.int64)] if several else column[:, None])
    return np.concatenate(parts, axis=1)


def raw_answers(coding: Coding, estimator: Any, features: Any, name: str) -> list[FloatArray]:
    """By output, (rows, units): values, or logits of classes. Raises BadInput for answers of another shape."""
    if coding.classes:
        return [logits(p, LEAST_PROBABILITY) for p in _probabilities(coding, estimator, features)]
    answers = np.asarray(estimator.predict(features), np.float64).reshape(len(features), -1)
    if answers.shape[1] != len(coding.mean):
        raise BadInput(f"{name} answers {answers.shape[1]} columns where {len(coding.mean)} were taught")
    if not np.isfinite(answers).all():
        raise BadInput(f"{name} predicts NaN or infinite values")
    decoded = answers * coding.scale + coding.mean
    raw, at = [], 0
    for output in coding.outputs:
        width = len(output.classes) if output.kind == "multiclass" else 1
        part = decoded[:, at : at + width]
        at += width
        raw.append(part if output.kind == "regression" else logits(_shares(part), LEAST_PROBABILITY))
    return raw


def _shares(part: FloatArray) -> FloatArray:
    """(rows, classes): a regressor's answers as probabilities."""
    both = np.concatenate([1 - part, part], axis=1) if part.shape[1] == 1 else part
    clipped = np.clip(both, LEAST_PROBABILITY, None)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def _probabilities(coding: Coding, estimator: Any, features: Any) -> list[FloatArray]:
    """By output, (rows, classes). Of a classifier without probabilities its answers count as certain."""
    outputs = coding.outputs
    if not hasattr(estimator, "predict_proba"):
        answers = np.asarray(estimator.predict(features)).reshape(len(features), -1)
        return [np.eye(len(o.classes))[answers[:, i].astype(np.int64)] for i, o in enumerate(outputs)]
    given = estimator.predict_proba(features)
    if len(outputs) == 1:
        parts = [given[0] if isinstance(given, list) else given]
        seen = [estimator.classes_[0] if isinstance(given, list) else estimator.classes_]
    elif isinstance(given, list):
        parts, seen = given, list(estimator.classes_)
    else:  # one column for each of several binary outputs
        parts = [np.stack([1 - column, column], axis=1) for column in np.asarray(given).T]
        seen = [np.arange(2)] * len(outputs)
    return [
        _of_all_classes(np.asarray(part, np.float64), np.asarray(classes).astype(np.int64), len(output.classes))
        for output, part, classes in zip(outputs, parts, seen, strict=True)
    ]


def _of_all_classes(part: FloatArray, seen: IntArray, count: int) -> FloatArray:
    """Classes that the training rows lack have a probability of 0."""
    full = np.zeros((len(part), count))
    full[:, seen] = part
    return full
