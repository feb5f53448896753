"""The tables that networks are trained on, prepared under each split and kept as far as there is room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cachetools import LRUCache, cached

from jointbench.data.preprocess import Prepared, prepare
from jointbench.data.shared_table import shared, zeros
from jointbench.types import Float32Array

if TYPE_CHECKING:
    from jointbench.study.plan import Experiment

MOST_BYTES = 2**31  # that are kept of each kind; large tables are in files, so this is room on disk rather than memory


@cached(LRUCache(MOST_BYTES, getsizeof=lambda prepared: prepared.features.nbytes))
def prepared_split(experiment: Experiment, repeat: int, fold: int) -> Prepared:
    split = next(s for s in experiment.splits if (s.repeat, s.fold) == (repeat, fold))
    prepared = prepare(experiment.dataset, split)
    return replace(prepared, features=shared(prepared.features))


def first_prepared(experiment: Experiment) -> Prepared:
    """The arrays of the first split, whose networks are timed."""
    first = experiment.splits[0]
    return prepared_split(experiment, first.repeat, first.fold)


def own_columns(prepared: Prepared, outputs: tuple[int, ...]) -> Float32Array:
    """The features without those that are made from the labels of other outputs, which are 0: a separate network's
    users would not have them."""
    others = prepared.columns_of_others(outputs)
    return _without(prepared, tuple(others.tolist())) if len(others) else prepared.features


@cached(LRUCache(MOST_BYTES, getsizeof=lambda table: table.nbytes))
def _without(prepared: Prepared, columns: tuple[int, ...]) -> Float32Array:
    features = zeros(prepared.features.shape)
    features[...] = prepared.features
    features[:, columns] = 0
    return features
