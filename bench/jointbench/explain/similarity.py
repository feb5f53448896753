"""How similar the trunks of two kinds of network are, against two seeds of one kind: linear CKA by fold and layer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.decision import MIN_PAIRS
from jointbench.comparison.verdict import PROBABILITY
from jointbench.explain.answer import check_lengths, interval
from jointbench.explain.cka import MIN_ROWS, alignment, gram
from jointbench.explain.trained_networks import TrainedNetwork, first_folds, layers_of
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

MAX_ROWS = 500  # test rows of a fold that are compared
MARGIN = 0.05  # of CKA: differences within it are called "as close"
Kind = tuple[str, ...]  # of network: the outputs that it serves, or the loss that trained it
Grams = Mapping[int, Mapping[tuple[Kind, int], list[FloatArray]]]  # by fold, then (kind, seed's number): one a layer


@dataclass(frozen=True, eq=False)
class Similarity:
    """CKA by fold and trunk layer, (folds, layers), averaged over pairs of networks that never share a seed.

    between: the two kinds of network that are compared; within: two seeds of one kind, averaged over both kinds.
    NaN where a layer is constant.
    """

    name: str
    between: FloatArray
    within: FloatArray

    @property
    def differences(self) -> FloatArray:
        """(folds,) of the last layer, between - within: 0 on average if the two kinds learn one representation."""
        values = (self.between - self.within)[:, -1]
        known: FloatArray = values[~np.isnan(values)]
        return known

    @property
    def last_between(self) -> float:
        """Of the last layer, mean over folds."""
        return float(np.nanmean(self.between[:, -1]))

    @property
    def last_within(self) -> float:
        """Of the last layer, mean over folds."""
        return float(np.nanmean(self.within[:, -1]))


@dataclass(frozen=True, kw_only=True)
class SimilarityByLayer:
    """CKA by trunk layer, mean over folds; nothing where no fold could be compared.

    between, within: as in ``Similarity``; None where a layer is constant in every fold. difference: of the last layer,
    None where too few folds have both. reading: the difference in words.
    """

    name: str
    between: tuple[float | None, ...]
    within: tuple[float | None, ...]
    difference: Estimate | None
    reading: str

    def __post_init__(self) -> None:
        check_lengths(len(self.between), self.within)
        if self.difference is not None and not self.between:
            raise ValueError("a difference of the last layer, and no layer")


def grams_by_fold(experiment: Experiment, networks: Sequence[TrainedNetwork], workers: Workers) -> Grams:
    """Kernel matrices of every trunk layer on at most MAX_ROWS test rows of each fold. A kind is a group."""
    pending = {}
    for fold, split in enumerate(first_folds(experiment)):
        in_fold = [network for network in networks if network.fold == fold]
        if not in_fold or len(split.test) < MIN_ROWS:
            continue
        rows = in_fold[0].job.features[np.random.default_rng([split.seed, fold]).permutation(split.test)[:MAX_ROWS]]
        models = [(network.job.architecture, network.trained.weights) for network in in_fold]
        pending[fold] = (
            [(network.group, network.number) for network in in_fold],
            workers.submit(layers_of, models, rows),
        )
    return {
        fold: {key: [gram(layer) for layer in layers] for key, layers in zip(keys, future.result(), strict=True)}
        for fold, (keys, future) in pending.items()
    }


def similarity_of(name: str, kinds: tuple[Kind, Kind], grams: Grams) -> Similarity:
    """Two kinds of network, against two seeds of each. A fold counts where all its networks were trained.

    Only networks of different seeds are paired. Those of one seed start from the same trunk weights and see the same
    batches, so that they would be similar without learning the same.
    """
    first, second = kinds
    between, within = [], []
    for layers in grams.values():
        numbers = sorted({number for _, number in layers})
        unlike = [
            (a, b) for a, b in itertools.permutations(numbers, 2) if (first, a) in layers and (second, b) in layers
        ]
        alike = [
            [
                _alignments(layers[kind, a], layers[kind, b])
                for a, b in itertools.combinations(numbers, 2)
                if (kind, a) in layers and (kind, b) in layers
            ]
            for kind in kinds
        ]
        if unlike and all(alike):
            between.append(np.mean([_alignments(layers[first, a], layers[second, b]) for a, b in unlike], axis=0))
            within.append(np.mean([np.mean(pairs, axis=0) for pairs in alike], axis=0))
    return Similarity(name, np.array(between), np.array(within))


def _alignments(first: Sequence[FloatArray], second: Sequence[FloatArray]) -> FloatArray:
    """(layers,)."""
    return np.array([alignment(a, b) for a, b in zip(first, second, strict=True)])


def posteriors(similarities: Sequence[Similarity], folds: int) -> dict[str, Posterior]:
    """Posteriors of ``differences`` by name, of those with at least MIN_PAIRS folds."""
    return {
        similarity.name: correlated_t_test(similarity.differences, folds=folds, rope=MARGIN)
        for similarity in similarities
        if len(similarity.between) and len(similarity.differences) >= MIN_PAIRS
    }


def reading(posterior: Posterior) -> str:
    """The difference between - within in words, at PROBABILITY."""
    if posterior.probability_equivalent >= PROBABILITY:
        return "as close"
    if posterior.probability_other_better >= PROBABILITY:
        return "further apart"
    if posterior.probability_joint_better >= PROBABILITY:
        return "closer"
    return "not clear"


def by_layer(similarity: Similarity, posterior: Posterior | None) -> SimilarityByLayer:
    """What an answer shows of a similarity. posterior: of its ``differences``."""
    between, within = (_means(values) for values in (similarity.between, similarity.within))
    words = "not measured" if posterior is None else reading(posterior)
    return SimilarityByLayer(
        name=similarity.name, between=between, within=within, difference=interval(posterior), reading=words
    )


def _means(by_fold: FloatArray) -> tuple[float | None, ...]:
    """Over folds, by layer; by_fold: (folds, layers), empty without a fold."""
    if not len(by_fold):
        return ()
    return tuple(None if np.isnan(column).all() else float(np.nanmean(column)) for column in by_fold.T)
