"""Estimators fitted on the folds of an experiment, as networks are: same rows, same features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from jointbench.errors import BadInput, first_line
from jointbench.estimators.coding import Coding, coding_of, raw_answers
from jointbench.estimators.family import Estimator, Family
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Float32Array, FloatArray, IntArray, Output, Split

ALL = slice(None)
SEEDS = ("random_state", "random_seed")  # what scikit-learn and CatBoost call an estimator's seed


@dataclass(frozen=True, eq=False)
class Task:
    """What one estimator of an arm is trained on. features, values, weights: of its training rows that have
    all its labels. columns: of the features, without those that are made from other outputs' labels."""

    name: str
    estimator: Estimator
    outputs: tuple[Output, ...]
    columns: IntArray | slice
    features: Float32Array
    values: tuple[FloatArray, ...]
    weights: FloatArray | None

    def fit(self, seed: int) -> Fitted:
        """Raises BadInput where the estimator refuses."""
        coding = coding_of(self.outputs, self.estimator, self.values, self.name)
        estimator = _seeded(self.estimator, seed)
        options = {} if self.weights is None else {"sample_weight": self.weights}
        try:
            estimator.fit(self.features, coding.columns(self.values), **options)
        except Exception as error:  # whatever an estimator raises, it cannot be trained on these outputs
            reason = first_line(error)[:200]
            several = ", ".join(output.name for output in self.outputs)
            raise BadInput(f"{self.name} cannot be trained on {several}: {reason}") from error
        return Fitted(self.name, estimator, coding, self.columns)


@dataclass(frozen=True, eq=False)
class Fitted:
    """An estimator, how its outputs are coded, and which columns of the features it reads."""

    name: str
    estimator: Estimator
    coding: Coding
    columns: IntArray | slice

    def answer(self, features: Any) -> list[FloatArray]:
        """By output, (rows, units): see ``raw_answers``. features: all columns."""
        return raw_answers(self.coding, self.estimator, features[:, self.columns], self.name)


def tasks(experiment: Experiment, family: Family, split: Split, *, together: bool) -> Iterator[Task]:
    """The estimators of an arm on one fold; networks stop early on the validation rows, estimators train on them."""
    dataset = experiment.dataset
    prepared = prepared_split(experiment, split.repeat, split.fold)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    groups = [dataset.outputs] if together else [(output,) for output in dataset.outputs]
    estimator = family.joint if together else family.separate
    for outputs in groups:
        labelled = rows[~np.any([np.isnan(dataset.targets[output.name][rows]) for output in outputs], axis=0)]
        weights = None if dataset.row_weights is None else dataset.row_weights[labelled]
        if weights is not None and not has_fit_parameter(estimator, "sample_weight"):
            raise BadInput(f"{type(estimator).__name__} takes no weights of rows; compare it without them")
        others = prepared.columns_of_others(experiment.columns([output.name for output in outputs]))
        columns = np.setdiff1d(np.arange(prepared.features.shape[1]), others) if len(others) else ALL
        yield Task(
            name=type(estimator).__name__,
            estimator=estimator,
            outputs=tuple(outputs),
            columns=columns,
            features=prepared.features[labelled][:, columns],
            values=tuple(dataset.targets[output.name][labelled] for output in outputs),
            weights=weights,
        )


def fold_answers(
    experiment: Experiment, family: Family, split: Split, seed: int, *, together: bool
) -> list[FloatArray]:
    """By output of the dataset, (test rows, units)."""
    features = prepared_split(experiment, split.repeat, split.fold).features[split.test]
    return [
        answer
        for task in tasks(experiment, family, split, together=together)
        for answer in task.fit(seed).answer(features)
    ]


def _seeded(estimator: Estimator, seed: int) -> Estimator:
    copy = clone(estimator)
    seeds = [name for name in copy.get_params() if name.rpartition("__")[2] in SEEDS]
    return copy.set_params(**dict.fromkeys(seeds, seed % 2**31))


def all_labelled(experiment: Experiment, outputs: Sequence[Output]) -> bool:
    """Has every row all of these labels?"""
    return not any(np.isnan(experiment.dataset.targets[output.name]).any() for output in outputs)
