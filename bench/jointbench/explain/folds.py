"""What the questions read off the folds of one dataset: skill on test rows, and paired differences of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from jointbench.compare.correlated import Posterior, correlated_t_test
from jointbench.compare.decide import MIN_PAIRS
from jointbench.data.preprocess import in_units
from jointbench.explain.trained_networks import first_folds
from jointbench.fitting import prepared_split
from jointbench.measure.quality import no_skill_error, score
from jointbench.plan import Subject
from jointbench.types import FloatArray, Split


def known(subject: Subject, output: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of the rows whose label is known."""
    kept: npt.NDArray[np.int64] = rows[~np.isnan(subject.dataset.targets[output][rows])]
    return kept


def error_of(subject: Subject, output: str, split: Split, raw: npt.NDArray[np.floating]) -> float:
    """The error that skill is made of, of raw answers (test rows, units) on the test rows whose label is known."""
    column = [one.name for one in subject.dataset.outputs].index(output)
    prepared = prepared_split(subject, split.repeat, split.fold)
    about = subject.dataset.outputs[column]
    (predicted,) = in_units(raw, [about], [column], prepared)
    values = subject.dataset.targets[output][split.test]
    labelled = ~np.isnan(values)
    return score(about, values[labelled], predicted[labelled], _no_skill(subject, output, split)).error


def _no_skill(subject: Subject, output: str, split: Split) -> float:
    about = next(one for one in subject.dataset.outputs if one.name == output)
    values = subject.dataset.targets[output]
    return no_skill_error(about, values[known(subject, output, split.train)], values[known(subject, output, split.test)])


def mean_no_skill(subject: Subject, output: str) -> float:
    """The no-skill error averaged over the folds: a fold's own would make a heavy-tailed ratio."""
    return float(np.mean([_no_skill(subject, output, split) for split in first_folds(subject)]))


def skills(subject: Subject, output: str, errors: Mapping[int, Sequence[float]]) -> dict[int, float]:
    """Skill by fold, from the errors of that fold's seeds."""
    no_skill = mean_no_skill(subject, output)
    return {fold: 1 - float(np.mean(values)) / no_skill for fold, values in errors.items() if values}


def paired(one: Mapping[int, float], other: Mapping[int, float], folds: int, rope: float) -> Posterior | None:
    """The posterior of one - other over the folds that both have; None for fewer than MIN_PAIRS."""
    both = sorted(set(one) & set(other))
    if len(both) < MIN_PAIRS:
        return None
    differences: FloatArray = np.array([one[fold] - other[fold] for fold in both])
    return correlated_t_test(differences, folds=folds, rope=rope)
