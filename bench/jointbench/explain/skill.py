"""Skill of fits, per output and split, on the scale that the whole suite uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jointbench.compare.decision import MIN_PAIRS
from jointbench.records import Fit
from jointbench.stats.correlated_t_test import Posterior, correlated_t_test, interval_half_width
from jointbench.study.plan import Experiment, prepared_split
from jointbench.study.scoring import no_skill_on, scores_of
from jointbench.types import FloatArray, Split

Place = tuple[int, int]  # repeat, fold


@lru_cache(maxsize=4)
def no_skill_errors(experiment: Experiment) -> dict[str, dict[int, float]]:
    """Per output and repeat, the no-skill predictor's error averaged over the repeat's test folds: a fold's own would
    make a heavy-tailed ratio."""
    made: dict[str, dict[int, float]] = {}
    for output in experiment.dataset.outputs:
        by_repeat: dict[int, list[float]] = {}
        for split in experiment.splits:
            by_repeat.setdefault(split.repeat, []).append(no_skill_on(experiment, output, split))
        made[output.name] = {repeat: float(np.mean(errors)) for repeat, errors in by_repeat.items()}
    return made


def skill_of(experiment: Experiment, output: str, split: Split, raw: npt.NDArray[np.floating]) -> float:
    """Skill of raw answers (test rows, units) on the test rows whose label is known."""
    (found,) = scores_of(experiment, [output], split, raw, prepared_split(experiment, split.repeat, split.fold))
    return 1 - found.error / no_skill_errors(experiment)[output][split.repeat]


def skills(experiment: Experiment, fits: Iterable[Fit], places: Sequence[Place]) -> dict[str, FloatArray]:
    """Per output, (places,): test skill in these splits, seeds averaged; NaN where a fit failed or is not there."""
    no_skill = no_skill_errors(experiment)
    found: dict[tuple[str, Place], list[float]] = {}
    for fit in fits:
        at = (fit.network.repeat, fit.network.fold)
        errors = {score.output: score.error for score in fit.scores}
        for name in fit.network.group:
            found.setdefault((name, at), []).append(1 - errors.get(name, np.nan) / no_skill[name][at[0]])
    return {
        output.name: np.array([np.mean(found.get((output.name, place), [np.nan])) for place in places])
        for output in experiment.dataset.outputs
    }


def places_of(experiment: Experiment) -> list[Place]:
    return [(split.repeat, split.fold) for split in experiment.splits]


def mean_over_outputs(by_output: Mapping[str, FloatArray]) -> FloatArray:
    """(places,): the outputs' mean skill."""
    result: FloatArray = np.mean(list(by_output.values()), axis=0)
    return result


def difference(first: FloatArray, second: FloatArray, folds: int) -> Posterior | None:
    """What is believed about first - second over splits; None where fewer than two have both."""
    differences = first - second
    known = differences[np.isfinite(differences)]
    return correlated_t_test(known, folds=folds) if len(known) >= 2 else None


def fold_difference(first: Mapping[int, float], second: Mapping[int, float], folds: int) -> Posterior | None:
    """The same of skills by fold; None where fewer than MIN_PAIRS folds have both."""
    both = sorted(set(first) & set(second))
    if len(both) < MIN_PAIRS:
        return None
    return difference(np.array([first[fold] for fold in both]), np.array([second[fold] for fold in both]), folds)


def simultaneous(believed: Posterior, comparisons: int) -> tuple[float, float]:
    """A 95 % interval that holds for so many comparisons at once (Bonferroni), for one that is picked out of them."""
    half = float(interval_half_width(believed.scale, believed.df, 1 - 0.05 / comparisons))
    return believed.mean - half, believed.mean + half
