"""Does another loss on the same output make another representation? Squared, absolute and Huber's, by CKA and by error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from jointbench.backends.base import RegressionLoss
from jointbench.compare.decision import MIN_PAIRS
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.representations import MARGIN, Grams, Likeness, grams_by_fold, likeness_of, word
from jointbench.explain.trained_networks import TrainedNetwork, first_folds, trained_networks
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test
from jointbench.study.plan import Experiment, prepared_split

QUESTION = "Does another loss on the same output make another representation?"
LOSSES: tuple[RegressionLoss, ...] = get_args(RegressionLoss)
NAMES = {"squared": "MSE", "absolute": "MAE", "huber": "Huber"}


@dataclass(frozen=True)
class Errors:
    """Of a network trained with one loss, mean over folds and seeds, on test rows in standard deviations of the target."""

    rmse: float
    mae: float


@dataclass(frozen=True, eq=False)
class Measured:
    """likeness: of each pair of losses, against two seeds of the same; errors: by loss."""

    output: str
    folds: int
    likeness: tuple[Likeness, ...]
    errors: Mapping[RegressionLoss, Errors]


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Of the dataset's first regression output; a failure where there is none."""
    output = next((one.name for one in experiment.dataset.outputs if one.kind == "regression"), None)
    if output is None:
        return Answer(
            key="regression-losses",
            question=QUESTION,
            dataset=experiment.dataset.slug,
            backend=backend,
            sentence="",
            numbers={},
            failure="no output is a regression: classification has cross-entropy alone here",
        )
    return losses_answer(experiment.dataset.slug, backend, measured(experiment, backend, workers, output))


def measured(experiment: Experiment, backend: str, workers: Workers, output: str) -> Measured:
    """The output's separate network under every loss, on every fold of the first repeat."""
    fits = {loss: trained_networks(experiment, backend, workers, [(output,)], loss) for loss in LOSSES}
    # A loss stands where the outputs of a group stand: the kinds that are told apart.
    named = [replace(one, group=(loss,)) for loss, networks in fits.items() for one in networks]
    grams: Grams = grams_by_fold(experiment, named, workers)
    pairs = [(one, two) for i, one in enumerate(LOSSES) for two in LOSSES[i + 1 :]]
    likeness = tuple(likeness_of(f"{NAMES[one]} and {NAMES[two]}", ((one,), (two,)), grams) for one, two in pairs)
    errors = {loss: _errors(experiment, output, networks) for loss, networks in fits.items() if networks}
    return Measured(output, len(first_folds(experiment)), likeness, errors)


def _errors(experiment: Experiment, output: str, networks: tuple[TrainedNetwork, ...]) -> Errors:
    column = [one.name for one in experiment.dataset.outputs].index(output)
    squares, sizes = [], []
    for one in networks:
        split = first_folds(experiment)[one.fold]
        weights = prepared_split(experiment, split.repeat, split.fold).weights[split.test, column]
        residual = one.trained.predictions[:, 0] - one.job.targets[split.test, 0]
        squares.append(np.average(residual.astype(np.float64) ** 2, weights=weights))
        sizes.append(np.average(np.abs(residual.astype(np.float64)), weights=weights))
    return Errors(float(np.sqrt(np.mean(squares))), float(np.mean(sizes)))


def losses_answer(dataset: str, backend: str, measured: Measured) -> Answer:
    """The sentence and its tables."""
    found = {
        one.name: correlated_t_test(one.differences, folds=measured.folds, rope=MARGIN)
        for one in measured.likeness
        if len(one.between) and len(one.differences) >= MIN_PAIRS
    }
    if not found or len(measured.errors) < len(LOSSES):
        return Answer(
            key="regression-losses",
            question=QUESTION,
            dataset=dataset,
            backend=backend,
            sentence="",
            numbers={},
            failure=f"fewer than {MIN_PAIRS} folds have two seeds of every loss to compare; ask for more with --folds",
        )
    by_name = {one.name: one for one in measured.likeness}
    furthest = min(found, key=lambda name: found[name].mean)
    numbers: dict[str, Value] = {"folds": measured.folds}
    for name, posterior in found.items():
        numbers |= {f"{name} difference": posterior.mean, f"{name} low": posterior.low, f"{name} high": posterior.high}
    for loss, errors in measured.errors.items():
        numbers |= {f"{NAMES[loss]} rmse": errors.rmse, f"{NAMES[loss]} mae": errors.mae}
    return Answer(
        key="regression-losses",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(measured, furthest, by_name[furthest], found[furthest]),
        numbers=numbers,
        tables=(_pairs_table(by_name, found), _errors_table(measured)),
    )


def _sentence(measured: Measured, furthest: str, likeness: Likeness, posterior: Posterior) -> str:
    readings = {
        "as close": "make representations as close as two seeds of one loss do",
        "further apart": "make representations further apart than two seeds of one loss do",
        "closer": "make representations closer than two seeds of one loss do",
        "not clear": "cannot be told from two seeds of one loss",
    }
    mae = {loss: errors.mae for loss, errors in measured.errors.items()}
    rmse = {loss: errors.rmse for loss, errors in measured.errors.items()}
    return (
        f"On {measured.output}, {'even ' if word(posterior) == 'as close' else ''}the two losses least alike, {furthest}, {readings[word(posterior)]} (CKA "
        f"{np.nanmean(likeness.between[:, -1]):.2f} against {np.nanmean(likeness.within[:, -1]):.2f}, difference {posterior.mean:+.2f}, "
        f"95 % interval {posterior.low:+.2f} to {posterior.high:+.2f}); the least mean absolute error is {NAMES[min(mae, key=lambda k: mae[k])]}'s "
        f"({min(mae.values()):.3f} sd), the least RMSE {NAMES[min(rmse, key=lambda k: rmse[k])]}'s ({min(rmse.values()):.3f} sd)."
    )


def _pairs_table(likeness: Mapping[str, Likeness], found: Mapping[str, Posterior]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for name, one in likeness.items():
        if name in found:
            posterior = found[name]
            values = (
                np.nanmean(one.between[:, -1]),
                np.nanmean(one.within[:, -1]),
                posterior.mean,
                posterior.low,
                posterior.high,
            )
            rows.append((name, *(float(value) for value in values), word(posterior)))
        else:
            rows.append((name, None, None, None, None, None, "not measured"))
    return Table(
        "Last trunk layer of networks trained with two losses.",
        ("Losses", "CKA", "CKA of two seeds", "Difference", "Low", "High", "Reading"),
        tuple(rows),
    )


def _errors_table(measured: Measured) -> Table:
    rows = tuple((NAMES[loss], errors.rmse, errors.mae) for loss, errors in measured.errors.items())
    return Table(f"Test error of {measured.output}, in standard deviations.", ("Loss", "RMSE", "MAE"), rows)
