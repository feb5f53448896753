"""Does another loss on the same output make another representation? Squared, absolute and Huber's, by CKA and error."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from jointbench.backends.base import RegressionLoss
from jointbench.comparison.decision import MIN_PAIRS
from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.lost_fits import because, lost_fits
from jointbench.explain.similarity import (
    Similarity,
    SimilarityByLayer,
    by_layer,
    grams_by_fold,
    posteriors,
    reading,
    similarity_of,
)
from jointbench.explain.trained_networks import TrainedNetwork, first_folds, trained_networks
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split

KEY = "regression-losses"
QUESTION = "Does another loss on the same output make another representation?"
LOSSES: tuple[RegressionLoss, ...] = get_args(RegressionLoss)
NAMES = {"squared": "MSE", "absolute": "MAE", "huber": "Huber"}


@dataclass(frozen=True)
class Errors:
    """Test errors of networks trained with one loss, over folds and seeds, in standard deviations of the target."""

    rmse: float
    mae: float


@dataclass(frozen=True, eq=False)
class LossComparison:
    """similarities: of each pair of losses, against two seeds of one loss; errors: by loss; lost: fits, in words."""

    output: str
    folds: int
    similarities: tuple[Similarity, ...]
    errors: Mapping[RegressionLoss, Errors]
    lost: str = ""


@dataclass(frozen=True)
class LossErrors:
    """The test errors of networks trained with one loss, by its name."""

    loss: str
    errors: Errors


@dataclass(frozen=True, kw_only=True)
class LossRepresentations(AnswerData):
    """pairs: of losses, against two seeds of one loss."""

    output: str
    pairs: tuple[SimilarityByLayer, ...]
    errors: tuple[LossErrors, ...]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Of the dataset's first regression output; a failure where there is none."""
    dataset = experiment.dataset
    output = next((output.name for output in dataset.outputs if output.kind == "regression"), None)
    if output is None:
        reason = "no output is a regression: classification has cross-entropy alone here"
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset.slug, backend=backend, reason=reason)
    return answer(measure(experiment, backend, context.workers, output), dataset.slug, backend)


def measure(experiment: Experiment, backend: str, workers: Workers, output: str) -> LossComparison:
    """The output's separate network under every loss, on every fold of the first repeat."""
    studies = {loss: trained_networks(experiment, backend, workers, [(output,)], loss) for loss in LOSSES}
    networks = {loss: study.networks for loss, study in studies.items()}
    # ``similarity`` tells kinds of network apart by their group, which is made the loss here.
    by_loss = [replace(network, group=(loss,)) for loss, trained in networks.items() for network in trained]
    grams = grams_by_fold(experiment, by_loss, workers)
    similarities = tuple(
        similarity_of(f"{NAMES[first]} and {NAMES[second]}", ((first,), (second,)), grams)
        for first, second in itertools.combinations(LOSSES, 2)
    )
    errors = {loss: _errors(experiment, output, trained) for loss, trained in networks.items() if trained}
    lost = lost_fits(failure for study in studies.values() for failure in study.failures)
    return LossComparison(output, len(first_folds(experiment)), similarities, errors, lost)


def _errors(experiment: Experiment, output: str, networks: tuple[TrainedNetwork, ...]) -> Errors:
    (column,) = experiment.columns([output])
    squared, absolute = [], []
    for network in networks:
        split = first_folds(experiment)[network.fold]
        weights = prepared_split(experiment, split.repeat, split.fold).weights[split.test, column]
        residual = network.trained.predictions[:, 0] - network.job.targets[split.test, 0]
        squared.append(np.average(residual.astype(np.float64) ** 2, weights=weights))
        absolute.append(np.average(np.abs(residual.astype(np.float64)), weights=weights))
    return Errors(float(np.sqrt(np.mean(squared))), float(np.mean(absolute)))


def answer(comparison: LossComparison, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where fewer than MIN_PAIRS folds have every loss."""
    by_pair = posteriors(comparison.similarities, comparison.folds)
    if not by_pair or len(comparison.errors) < len(LOSSES):
        reason = f"fewer than {MIN_PAIRS} folds have two seeds of every loss to compare"
        reason += because(comparison.lost, "ask for more with --folds")
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    numbers: dict[str, Value] = {"folds": comparison.folds}
    for name, posterior in by_pair.items():
        numbers |= {f"{name} difference": posterior.mean, f"{name} low": posterior.low, f"{name} high": posterior.high}
    for loss, errors in comparison.errors.items():
        numbers |= {f"{NAMES[loss]} rmse": errors.rmse, f"{NAMES[loss]} mae": errors.mae}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(comparison, by_pair),
        numbers=numbers,
        data=LossRepresentations(
            output=comparison.output,
            pairs=tuple(by_layer(similarity, by_pair.get(similarity.name)) for similarity in comparison.similarities),
            errors=tuple(LossErrors(NAMES[loss], errors) for loss, errors in comparison.errors.items()),
        ),
    )


def _sentence(comparison: LossComparison, by_pair: Mapping[str, Posterior]) -> str:
    texts = {
        "as close": "make representations as close as two seeds of one loss do",
        "further apart": "make representations further apart than two seeds of one loss do",
        "closer": "make representations closer than two seeds of one loss do",
        "not clear": "cannot be told from two seeds of one loss",
    }
    furthest = min(by_pair, key=lambda name: by_pair[name].mean)
    posterior = by_pair[furthest]
    similarity = next(similarity for similarity in comparison.similarities if similarity.name == furthest)
    mae = {loss: errors.mae for loss, errors in comparison.errors.items()}
    rmse = {loss: errors.rmse for loss, errors in comparison.errors.items()}
    least_mae, least_rmse = min(mae, key=lambda loss: mae[loss]), min(rmse, key=lambda loss: rmse[loss])
    return (
        f"On {comparison.output}, {'even ' if reading(posterior) == 'as close' else ''}the two losses least alike, "
        f"{furthest}, {texts[reading(posterior)]} (CKA {similarity.last_between:.2f} against "
        f"{similarity.last_within:.2f}, difference {posterior.mean:+.2f}, 95 % interval {posterior.low:+.2f} to "
        f"{posterior.high:+.2f}); the least mean absolute error is {NAMES[least_mae]}'s ({mae[least_mae]:.3f} sd), the "
        f"least RMSE {NAMES[least_rmse]}'s ({rmse[least_rmse]:.3f} sd)."
    )
