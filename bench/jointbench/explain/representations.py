"""Does the joint trunk learn what the separate trunks learn? Linear CKA, against what a seed alone changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.compare.decision import MIN_PAIRS
from jointbench.compare.verdict import PROBABILITY
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.cka import MIN_ROWS, alignment, gram
from jointbench.explain.trained_networks import TrainedNetwork, compared_outputs, first_folds, layers_of, study_networks
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

QUESTION = "Does the joint trunk learn the same representation as the separate ones?"
LAYERS_TITLE = "CKA by trunk layer, mean over folds."
MAX_ROWS = 500  # test rows of a fold that are compared
MARGIN = 0.05  # of CKA: differences within it are called "as close"


@dataclass(frozen=True, eq=False)
class Likeness:
    """CKA by fold and trunk layer, (folds, layers), averaged over pairs of networks that never share a seed.

    between: the two kinds of network that are compared; within: of two seeds of one kind, averaged over both kinds.
    NaN where a layer is constant or a network failed.
    """

    name: str
    between: FloatArray
    within: FloatArray

    @property
    def differences(self) -> FloatArray:
        """(folds,) of the last layer, between - within: 0 on average if the two kinds learn one representation."""
        values = (self.between - self.within)[:, -1]
        kept: FloatArray = values[~np.isnan(values)]
        return kept


@dataclass(frozen=True, eq=False)
class Measured:
    """joint: the joint network; likeness: one for each separate network's output."""

    joint: str
    layers: tuple[str, ...]
    folds: int
    likeness: tuple[Likeness, ...]


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return likeness_answer(experiment.dataset.slug, backend, measured(experiment, backend, workers))


def measured(experiment: Experiment, backend: str, workers: Workers) -> Measured:
    """The joint network beside the network of each compared output."""
    networks = study_networks(experiment, backend, workers)
    grams = grams_by_fold(experiment, networks, workers)
    both = tuple(output.name for output in experiment.dataset.outputs)
    likeness = tuple(likeness_of(name, (both, (name,)), grams) for name in compared_outputs(experiment))
    return Measured("joint", layer_names(networks), len(first_folds(experiment)), likeness)


Kind = tuple[str, ...]
Grams = Mapping[int, Mapping[tuple[Kind, int], list[FloatArray]]]


def layer_names(networks: Sequence[TrainedNetwork]) -> tuple[str, ...]:
    built = networks[0].job.architecture
    return tuple(layer.name.replace("_", " ") for layer in (*built.convs, *built.trunk))


def grams_by_fold(experiment: Experiment, networks: Sequence[TrainedNetwork], workers: Workers) -> Grams:
    """Kernel matrices of every trunk layer on at most MAX_ROWS test rows: by fold, then by (group, seed's number)."""
    pending = {}
    for fold, split in enumerate(first_folds(experiment)):
        here = [one for one in networks if one.fold == fold]
        if not here or len(split.test) < MIN_ROWS:
            continue
        rows = here[0].job.features[np.random.default_rng([split.seed, fold]).permutation(split.test)[:MAX_ROWS]]
        future = workers.submit(layers_of, [(one.job.architecture, one.trained.weights) for one in here], rows)
        pending[fold] = ([(one.group, one.number) for one in here], future)
    return {
        fold: {key: [gram(layer) for layer in layers] for key, layers in zip(keys, future.result(), strict=True)}
        for fold, (keys, future) in pending.items()
    }


def likeness_of(name: str, kinds: tuple[Kind, Kind], grams: Grams) -> Likeness:
    """Two kinds of network against two seeds of each. Only different seeds are paired: networks of one seed start from
    the same trunk weights and see the same batches, which would make them look alike for no reason of learning."""
    one, two = kinds
    between, within = [], []
    for held in grams.values():
        numbers = sorted({number for _, number in held})
        apart = [(a, b) for a, b in itertools.permutations(numbers, 2) if (one, a) in held and (two, b) in held]
        alike = [
            [
                _layers(held[kind, a], held[kind, b])
                for a, b in itertools.combinations(numbers, 2)
                if (kind, a) in held and (kind, b) in held
            ]
            for kind in kinds
        ]
        if apart and all(alike):
            between.append(np.mean([_layers(held[one, a], held[two, b]) for a, b in apart], axis=0))
            within.append(np.mean([np.mean(pairs, axis=0) for pairs in alike], axis=0))
    return Likeness(name, np.array(between), np.array(within))


def _layers(one: Sequence[FloatArray], two: Sequence[FloatArray]) -> FloatArray:
    return np.array([alignment(a, b) for a, b in zip(one, two, strict=True)])


def word(posterior: Posterior) -> str:
    """What the difference between - within says, at PROBABILITY."""
    if posterior.probability_equivalent >= PROBABILITY:
        return "as close"
    if posterior.probability_other_better >= PROBABILITY:
        return "further apart"
    if posterior.probability_joint_better >= PROBABILITY:
        return "closer"
    return "not clear"


def posteriors(measured: Measured) -> dict[str, Posterior]:
    """By name, of those with at least MIN_PAIRS folds."""
    return {
        one.name: correlated_t_test(one.differences, folds=measured.folds, rope=MARGIN)
        for one in measured.likeness
        if len(one.between) and len(one.differences) >= MIN_PAIRS
    }


def likeness_answer(dataset: str, backend: str, measured: Measured) -> Answer:
    """The sentence and its tables."""
    found = posteriors(measured)
    if not found:
        return Answer(
            key="representations",
            question=QUESTION,
            dataset=dataset,
            backend=backend,
            sentence="",
            numbers={},
            failure=f"fewer than {MIN_PAIRS} folds have two seeds of both networks to compare; ask for more with --folds",
        )
    words = {name: word(posterior) for name, posterior in found.items()}
    by_name = {one.name: one for one in measured.likeness}
    lowest = min(found, key=lambda name: found[name].mean)
    numbers: dict[str, Value] = {"folds": measured.folds, "margin_cka": MARGIN}
    for name, posterior in found.items():
        numbers |= {
            f"{name}_cka_joint_separate": float(np.nanmean(by_name[name].between[:, -1])),
            f"{name}_cka_two_seeds": float(np.nanmean(by_name[name].within[:, -1])),
            f"{name}_difference": posterior.mean,
            f"{name}_low": posterior.low,
            f"{name}_high": posterior.high,
        }
    return Answer(
        key="representations",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(words, lowest, by_name[lowest], found[lowest]),
        numbers=numbers,
        tables=(_difference_table(measured, found, words), layers_table(measured)),
    )


def _sentence(words: Mapping[str, str], lowest: str, likeness: Likeness, posterior: Posterior) -> str:
    kinds = {
        "as close": "as close to the separate one as two seeds are to each other",
        "further apart": "further from the separate one than two seeds are from each other",
        "closer": "closer to the separate one than two seeds are to each other",
        "not clear": "at a distance from the separate one that the folds cannot tell from that of two seeds",
    }
    said = [
        f"{text} for {', '.join(names)}"
        for kind, text in kinds.items()
        if (names := [name for name, found in words.items() if found == kind])
    ]
    joined = "; ".join(said)
    return (
        f"The joint trunk's last layer is {joined}. Least alike for {lowest}: CKA {np.nanmean(likeness.between[:, -1]):.2f} "
        f"against {np.nanmean(likeness.within[:, -1]):.2f} between two seeds, difference {posterior.mean:+.2f} "
        f"(95 % interval {posterior.low:+.2f} to {posterior.high:+.2f}; within {MARGIN} counts as close)."
    )


def _difference_table(measured: Measured, found: Mapping[str, Posterior], words: Mapping[str, str]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for one in measured.likeness:
        if one.name in found:
            posterior = found[one.name]
            rows.append(
                (
                    one.name,
                    float(np.nanmean(one.between[:, -1])),
                    float(np.nanmean(one.within[:, -1])),
                    posterior.mean,
                    posterior.low,
                    posterior.high,
                    words[one.name],
                )
            )
        else:
            rows.append((one.name, None, None, None, None, None, "not measured"))
    columns = (
        "Output",
        f"CKA of {measured.joint} and separate",
        "CKA of two seeds",
        "Difference",
        "Low",
        "High",
        "Reading",
    )
    return Table(
        "Last trunk layer, test rows, networks of different seeds; intervals over folds.", columns, tuple(rows)
    )


def layers_table(measured: Measured) -> Table:
    """Every layer: what the heat map shows."""
    rows: list[tuple[Value, ...]] = []
    for one in measured.likeness:
        if len(one.between):
            for label, values in (
                (f"{measured.joint} and {one.name}", one.between),
                (f"two seeds, {one.name}", one.within),
            ):
                means = [None if np.isnan(column).all() else float(np.nanmean(column)) for column in values.T]
                rows.append((label, *means))
    return Table(LAYERS_TITLE, ("Networks", *measured.layers), tuple(rows))
