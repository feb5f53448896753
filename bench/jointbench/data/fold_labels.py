"""Labels in each part of each fold: what has none cannot be learnt or judged, and what has too few must be said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jointbench.errors import BadInput
from jointbench.types import Dataset, Split

PARTS = (("training", "train"), ("validation", "validation"), ("test", "test"))


def require_labels(dataset: Dataset, all_splits: Sequence[Split]) -> None:
    """Raises BadInput for an output without a single label in some part of a fold, under a group or time key.

    (Rows that are dealt one by one are stratified by their labels.)
    """
    if dataset.time is None and dataset.groups is None:
        return
    for output in dataset.outputs:
        labelled = ~np.isnan(dataset.targets[output.name])
        for split in all_splits:
            for part, rows in PARTS:
                if labelled[getattr(split, rows)].any():
                    continue
                cause = "with --time, its labels must be spread over all times"
                if dataset.time is None:
                    cause = "with --group, its labels must be spread over more groups"
                raise BadInput(
                    f"{dataset.slug}: output {output.name!r} has no label in the {part} rows of fold "
                    f"{split.fold + 1} of {split.folds}; {cause}: leave the output out, or ask for another number of --folds"
                )


def unseen_classes(dataset: Dataset, all_splits: Sequence[Split]) -> tuple[str, ...]:
    """A sentence for each class that the test rows of a fold hold and its training rows do not."""
    notes = []
    for output in dataset.outputs:
        values = dataset.targets[output.name]
        for code, label in enumerate(output.classes):
            of_class = values == code
            folds = sorted({s.fold + 1 for s in all_splits if of_class[s.test].any() and not of_class[s.train].any()})
            if folds:
                listed = ", ".join(map(str, folds))
                notes.append(
                    f"Output {output.name!r}: no training row of fold{'s' if len(folds) > 1 else ''} {listed} is "
                    f"of class {label!r}, but test rows are; no network can predict it there."
                )
    return tuple(notes)
