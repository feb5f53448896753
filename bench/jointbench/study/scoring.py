"""The record of a fit: what was trained, scored on the test rows that can be judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Trained
from jointbench.data.preprocess import Prepared, in_units
from jointbench.data.row_weights import output_weights
from jointbench.metrics.judged_rows import judged_no_skill_error, judged_rows
from jointbench.metrics.quality import score
from jointbench.networks.flops import train_flops_per_row, weighting_flops
from jointbench.records import Fit, Score
from jointbench.study.plan import Experiment
from jointbench.types import Dataset, FloatArray, Network, Output, Split


def fit_record(experiment: Experiment, network: Network, trained: Trained, prepared: Prepared) -> Fit:
    """The record of a fit: what was trained, scored on the test rows that can be judged."""
    architecture = experiment.architecture(network)
    weighting = network.recipe.weighting
    per_row, per_step = train_flops_per_row([architecture], weighting), weighting_flops([architecture], weighting)
    split = next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    scores = (
        scores_of(experiment, network.group, split, trained.predictions, prepared) if trained.failure is None else ()
    )
    overflowed = [score.output for score in scores if not score.is_finite]
    failure = f"the error on the test rows is not finite: {', '.join(overflowed)}" if overflowed else trained.failure
    no_skill = np.array([prepared.no_skill[column] for column in experiment.columns(network.group)])
    return Fit(
        network=network,
        parameters=architecture.parameters,
        flops_per_row=per_row,
        epochs=trained.epochs,
        best_epoch=trained.best_epoch,
        best_epochs=trained.best_epochs,
        steps=trained.steps,
        train_flops=per_row * trained.rows_seen + per_step * trained.steps,
        epoch_seconds=trained.epoch_seconds,
        stopped_by=trained.stopped_by,
        train_loss=trained.train_loss / no_skill,
        validation_loss=trained.validation_loss / no_skill,
        predictions=trained.predictions,
        scores=scores if failure is None else (),
        failure=failure,
    )


def scores_of(
    experiment: Experiment, group: Sequence[str], split: Split, raw: npt.NDArray[np.floating], prepared: Prepared
) -> tuple[Score, ...]:
    """Scores of these outputs on the test rows that can be judged; none of an output without such a row.

    raw: (test rows, units), head beside head.
    """
    outputs, columns = experiment.outputs(group), experiment.columns(group)
    scores = []
    for output, predicted in zip(outputs, in_units(raw, outputs, columns, prepared), strict=True):
        values = experiment.dataset.targets[output.name][split.test]
        judged = judged_on(experiment, output, split)
        if judged.any():
            no_skill = no_skill_on(experiment, output, split)
            weights = weights_of_judged(experiment.dataset, output, split, judged)
            scores.append(score(output, values[judged], predicted[judged], no_skill, *weights))
    return tuple(scores)


def judged_on(experiment: Experiment, output: Output, split: Split) -> npt.NDArray[np.bool_]:
    """(test rows,): those on which the output can be judged."""
    return judged_rows(output, *_train_and_test(experiment, output, split))


def no_skill_on(experiment: Experiment, output: Output, split: Split) -> float:
    """The no-skill predictor's error on the judged test rows, with what it learnt from the labelled training rows; NaN
    where no row can be judged."""
    weights = output_weights(experiment.dataset, output, split.train)
    parts = (None, None) if weights is None else (weights[split.train], weights[split.test])
    return judged_no_skill_error(output, *_train_and_test(experiment, output, split), *parts)


def weights_of_judged(
    dataset: Dataset, output: Output, split: Split, judged: npt.NDArray[np.bool_]
) -> tuple[FloatArray | None, FloatArray | None]:
    """Of the judged test rows: what they weigh in the error that skill is made of, and in the metrics that people
    read, (judged rows,) each; None where all are equal. judged: (test rows,)."""
    rows = split.test[judged]
    weights = output_weights(dataset, output, split.train)
    return (
        None if weights is None else weights[rows],
        None if dataset.row_weights is None else dataset.row_weights[rows],
    )


def tested_weights(experiment: Experiment, output: Output, split: Split) -> FloatArray:
    """(test rows,): what each row weighs in the error, 0 where it is not judged, at most 1."""
    judged = judged_on(experiment, output, split)
    weights = output_weights(experiment.dataset, output, split.train)
    if weights is None:
        return judged.astype(np.float64)
    tested = np.where(judged, weights[split.test], 0.0)
    return np.asarray(tested / max(1.0, float(tested.max())))


def _train_and_test(experiment: Experiment, output: Output, split: Split) -> tuple[FloatArray, FloatArray]:
    values = experiment.dataset.targets[output.name]
    return values[split.train], values[split.test]
