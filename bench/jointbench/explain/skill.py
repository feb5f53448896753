"""Skill of fits, per output and split, on the scale that the whole suite uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jointbench.comparison.decision import MIN_PAIRS
from jointbench.comparison.row_differences import linearised
from jointbench.data.label_checks import fold_name
from jointbench.data.preprocess import Prepared, in_units
from jointbench.errors import BadInput
from jointbench.metrics.row_losses import row_losses
from jointbench.records import Fit
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test, interval_half_width
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.scoring import judged_on, no_skill_on, scores_of, tested_weights
from jointbench.types import FloatArray, Split

SplitKey = tuple[int, int]  # repeat, fold


@lru_cache(maxsize=4)
def no_skill_errors(experiment: Experiment) -> dict[str, dict[int, float]]:
    """The no-skill predictor's error by output and repeat, averaged over the repeat's test folds.

    A single fold's error as the denominator would make a heavy-tailed ratio.
    """
    errors: dict[str, dict[int, float]] = {}
    for output in experiment.dataset.outputs:
        by_repeat: dict[int, list[float]] = {}
        for split in experiment.splits:
            by_repeat.setdefault(split.repeat, []).append(no_skill_on(experiment, output, split))
        errors[output.name] = {repeat: _mean_known(values) for repeat, values in by_repeat.items()}
    return errors


def check_judged(experiment: Experiment) -> None:
    """Raises BadInput for an output that cannot be judged in some fold: an answer needs its skill in all of them."""
    for split in experiment.splits:
        for output in experiment.dataset.outputs:
            if not judged_on(experiment, output, split).any():
                raise BadInput(
                    f"{experiment.dataset.slug}: output {output.name!r} cannot be judged in "
                    f"{fold_name(split, experiment.splits)}, because its training rows lack a class; explain needs every "
                    f"output in every fold: leave this one out, or split otherwise"
                )


def _mean_known(errors: Sequence[float]) -> float:
    """The mean of the errors of the folds that can be judged; NaN where none can, or all are 0."""
    known = [error for error in errors if not math.isnan(error)]
    return float(np.mean(known)) or math.nan if known else math.nan


def skill_of(
    experiment: Experiment,
    output: str,
    split: Split,
    raw: npt.NDArray[np.floating],
    prepared: Prepared | None = None,
) -> float:
    """Skill of a network's raw values (test rows, units), on the test rows that can be judged; NaN where none can.

    prepared: what the network was trained on, where that is not the split with all its labels.
    """
    scaled = prepared or prepared_split(experiment, split.repeat, split.fold)
    scores = scores_of(experiment, [output], split, raw, scaled)
    error = scores[0].error if scores else math.nan
    return 1 - error / no_skill_errors(experiment)[output][split.repeat]


def skill_losses(
    experiment: Experiment,
    output: str,
    split: Split,
    raw: npt.NDArray[np.floating],
    prepared: Prepared | None = None,
) -> FloatArray:
    """(test rows,): losses in units of skill, which is 1 - their mean; NaN of rows that cannot be judged.

    raw, prepared: as in ``skill_of``.
    """
    scaled = prepared or prepared_split(experiment, split.repeat, split.fold)
    (own,) = experiment.outputs([output])
    (predicted,) = in_units(raw, [own], experiment.columns([output]), scaled)
    values, weights = experiment.dataset.targets[output][split.test], tested_weights(experiment, own, split)
    losses, judged = np.full(len(split.test), np.nan), weights > 0
    losses[judged] = row_losses(own.error_metric, values[judged], predicted[judged])
    return linearised(losses, weights) / no_skill_errors(experiment)[output][split.repeat]


def skills(experiment: Experiment, fits: Iterable[Fit], keys: Sequence[SplitKey]) -> dict[str, FloatArray]:
    """Test skill by output, (splits,), seeds averaged; NaN where a fit failed or is missing."""
    no_skill = no_skill_errors(experiment)
    by_split: dict[tuple[str, SplitKey], list[float]] = {}
    for fit in fits:
        key = (fit.network.repeat, fit.network.fold)
        errors = {score.output: score.error for score in fit.scores}
        for name in fit.network.group:
            by_split.setdefault((name, key), []).append(
                1 - errors.get(name, np.nan) / no_skill[name][fit.network.repeat]
            )
    return {
        output.name: np.array([np.mean(by_split.get((output.name, key), [np.nan])) for key in keys])
        for output in experiment.dataset.outputs
    }


def split_keys(experiment: Experiment) -> list[SplitKey]:
    return [(split.repeat, split.fold) for split in experiment.splits]


def known_mean(values: FloatArray, axis: int | tuple[int, ...] | None = None) -> FloatArray:
    """The mean of the finite values along the axes, of all without; NaN where there is none."""
    finite = np.isfinite(values)
    counts = finite.sum(axis=axis)
    sums = np.where(finite, values, 0.0).sum(axis=axis)
    means: FloatArray = np.divide(sums, counts, out=np.full(np.shape(counts), np.nan), where=counts > 0)
    return means


def mean_over_outputs(by_output: Mapping[str, FloatArray]) -> FloatArray:
    """(splits,): the outputs' mean skill."""
    result: FloatArray = np.mean(list(by_output.values()), axis=0)
    return result


def difference(first: FloatArray, second: FloatArray, folds: int) -> Posterior | None:
    """Posterior of the mean of first - second over splits, (splits,) each; None where fewer than two have both."""
    differences = first - second
    known = differences[np.isfinite(differences)]
    return correlated_t_test(known, folds=folds) if len(known) >= 2 else None


def fold_difference(first: Mapping[int, float], second: Mapping[int, float], folds: int) -> Posterior | None:
    """``difference`` of skills by fold; None where fewer than MIN_PAIRS folds have both."""
    both = sorted(set(first) & set(second))
    if len(both) < MIN_PAIRS:
        return None
    return difference(np.array([first[fold] for fold in both]), np.array([second[fold] for fold in both]), folds)


def simultaneous(posterior: Posterior, comparisons: int) -> tuple[float, float]:
    """A 95 % interval that holds for so many comparisons at once (Bonferroni), as one picked out of them needs."""
    half = float(interval_half_width(posterior.scale, posterior.df, 1 - 0.05 / comparisons))
    return posterior.mean - half, posterior.mean + half
