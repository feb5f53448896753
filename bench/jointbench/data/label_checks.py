"""Tables whose labels are too few, or not where a fold needs them: refused before anything trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.errors import BadInput
from jointbench.types import Dataset, FloatArray, Split

MIN_LABELS = 2  # fewest labelled rows that a fold's test and training part need, on average


def check_enough_labels(dataset: Dataset, whole: Dataset, folds: int) -> None:
    """Raises BadInput for an output with too few labelled rows for so many folds. whole: the dataset before its cut."""
    for output in dataset.outputs:
        labelled, before = (int((~np.isnan(data.targets[output.name])).sum()) for data in (dataset, whole))
        if labelled >= 2 * MIN_LABELS * folds:
            continue
        cut = f" among the {dataset.rows:,} that this profile takes, and {before:,} in all" if before > labelled else ""
        ways = ["leave the output out"]
        if (most := labelled // (2 * MIN_LABELS)) >= 2:
            ways.insert(0, f"ask for at most {most} folds with --folds")
        if before >= 2 * MIN_LABELS * folds:
            ways.insert(0, "take a --profile with more rows")
        raise BadInput(
            f"{dataset.slug}: output {output.name!r} has only {labelled:,} labelled rows{cut}{_of_weight(dataset)}, too few for {folds} folds "
            f"({2 * MIN_LABELS * folds} are needed); {', or '.join(ways)}"
        )


def check_labels_of_parts(dataset: Dataset, splits: Sequence[Split]) -> None:
    """Raises BadInput for an output without a label in some part of some fold, which could not be trained or judged."""
    for output in dataset.outputs:
        known = ~np.isnan(dataset.targets[output.name])
        lacks = {}
        for split in splits:
            parts = {"training": split.train, "validation": split.validation, "test": split.test}
            if missing := [part for part, rows in parts.items() if not known[rows].any()]:
                lacks[split] = f"the {_listed(missing)} rows of {fold_name(split, splits)}"
        if lacks:
            places = list(lacks.values())
            more = f" (and {len(places) - 2} more)" if len(places) > 2 else ""
            raise BadInput(
                f"{dataset.slug}: output {output.name!r} has no label{' on a row' * bool(dataset.weight_column)}{_of_weight(dataset)} in "
                f"{' and in '.join(places[:2])}{more}: "
                f"{_why_missing(dataset, known)}" + (", or try fewer --folds" if splits[0].folds > 2 else "")
            )


def _of_weight(dataset: Dataset) -> str:
    return f" of --weight {dataset.weight_column} above 0" if dataset.weight_column else ""


def fold_name(split: Split, splits: Sequence[Split]) -> str:
    """ "fold 2", or "fold 2 of repeat 1" where there are several repeats; both counted from 1."""
    if split.folds == 1:
        return f"repeat {split.repeat + 1}"
    repeated = any(other.repeat != split.repeat for other in splits)
    return f"fold {split.fold + 1}" + (f" of repeat {split.repeat + 1}" if repeated else "")


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _why_missing(dataset: Dataset, known: npt.NDArray[np.bool_]) -> str:
    """The cause and the way out."""
    if dataset.time is not None:
        first, last = (round(100 * place) for place in _labelled_span(dataset.time, known))
        return (
            f"of the rows in order of --time its labels begin after {first} % and end at {last} %; leave the output "
            f"out, or leave out --time"
        )
    if dataset.groups is not None:
        labelled, all_groups = len(np.unique(dataset.groups[known])), len(np.unique(dataset.groups))
        return (
            f"its {int(known.sum()):,} labels are in {labelled:,} of {all_groups:,} groups; leave the output out, or "
            f"leave out --group"
        )
    return f"it has {int(known.sum()):,} labels; leave the output out"


def _labelled_span(time: FloatArray, known: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The shares of the rows before the first and up to the last labelled one, in order of time."""
    places = np.flatnonzero(known[np.argsort(time, kind="stable")])
    return float(places[0] / len(time)), float((places[-1] + 1) / len(time))
