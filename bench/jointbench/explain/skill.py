"""Skill of fits, per output and split, on the scale that the whole suite uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from jointbench.compare.correlated import Posterior, correlated_t_test, interval_half_width
from jointbench.measure.quality import no_skill_error
from jointbench.plan import Subject
from jointbench.types import Fit, FloatArray

Place = tuple[int, int]  # repeat, fold


def no_skill_errors(subject: Subject) -> dict[str, dict[int, float]]:
    """Per output and repeat, the no-skill predictor's error averaged over the repeat's test folds."""
    made: dict[str, dict[int, float]] = {}
    for output in subject.dataset.outputs:
        values = subject.dataset.targets[output.name]
        by_repeat: dict[int, list[float]] = {}
        for split in subject.splits:
            train, test = values[split.train], values[split.test]
            error = no_skill_error(output, train[~np.isnan(train)], test[~np.isnan(test)])
            by_repeat.setdefault(split.repeat, []).append(error)
        made[output.name] = {repeat: float(np.mean(errors)) for repeat, errors in by_repeat.items()}
    return made


def skills(subject: Subject, fits: Iterable[Fit], places: Sequence[Place]) -> dict[str, FloatArray]:
    """Per output, (places,): test skill in these splits, seeds averaged; NaN where a fit failed or is not there."""
    no_skill = no_skill_errors(subject)
    found: dict[tuple[str, Place], list[float]] = {}
    for fit in fits:
        at = (fit.network.repeat, fit.network.fold)
        errors = {score.output: score.error for score in fit.scores}
        for name in fit.network.group:
            found.setdefault((name, at), []).append(1 - errors.get(name, np.nan) / no_skill[name][at[0]])
    return {
        output.name: np.array([np.mean(found.get((output.name, place), [np.nan])) for place in places])
        for output in subject.dataset.outputs
    }


def places_of(subject: Subject) -> list[Place]:
    return [(split.repeat, split.fold) for split in subject.splits]


def mean_over_outputs(by_output: Mapping[str, FloatArray]) -> FloatArray:
    """(places,): the outputs' mean skill."""
    result: FloatArray = np.mean(list(by_output.values()), axis=0)
    return result


def difference(first: FloatArray, second: FloatArray, folds: int) -> Posterior | None:
    """What is believed about first - second over splits; None where fewer than two splits have both."""
    differences = first - second
    known = differences[np.isfinite(differences)]
    return correlated_t_test(known, folds=folds) if len(known) >= 2 else None


def simultaneous(believed: Posterior, comparisons: int) -> tuple[float, float]:
    """A 95 % interval that holds for so many comparisons at once (Bonferroni), for one that is picked out of them."""
    half = float(interval_half_width(believed.scale, believed.df, 1 - 0.05 / comparisons))
    return believed.mean - half, believed.mean + half
