"""Taking a part of a dataset's rows: whole groups of them, stratified over its outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.data.reading import with_labels
from jointbench.data.splits import label_matrix, row_groups, stratified_parts
from jointbench.errors import BadInput
from jointbench.types import Dataset


def subsampled(dataset: Dataset, max_rows: int | None, seed: int) -> Dataset:
    """At most ``max_rows`` rows, whole groups of them, stratified over the outputs; a note on the dataset records it.

    With a time column, the latest rows instead. Raises BadInput where one group is larger than ``max_rows``.
    """
    if max_rows is None or dataset.rows <= max_rows:
        return dataset
    if dataset.time is not None:
        rows = np.sort(np.argsort(dataset.time, kind="stable")[-max_rows:])
        method = "the latest rows"
    else:
        rng = np.random.default_rng([seed, 0x5AB])
        units = row_groups(dataset)
        share = max_rows / dataset.rows
        part = stratified_parts(units, label_matrix(dataset), [share, 1 - share], rng)
        # The part may exceed the limit by a little: take whole units in random order, as many as fit.
        inside = units[part == 0]
        sizes = np.bincount(inside)
        order = rng.permutation(np.unique(inside))
        rows = np.flatnonzero(np.isin(units, order[np.cumsum(sizes[order]) <= max_rows]))
        if not len(rows):
            raise BadInput(
                f"{dataset.slug}: a group of rows that must stay together is larger than {max_rows:,} rows, "
                f"the most this profile takes"
            )
        method = f"a stratified sample, seed {seed}"
    features = (
        dataset.features[rows]
        if isinstance(dataset.features, np.ndarray)
        else dataset.features.iloc[rows].reset_index(drop=True)
    )
    cut = replace(
        dataset,
        features=features,
        targets={name: values[rows] for name, values in dataset.targets.items()},
        groups=None if dataset.groups is None else np.unique(dataset.groups[rows], return_inverse=True)[1],
        time=None if dataset.time is None else dataset.time[rows],
        notes=(*dataset.notes, f"Cut to {len(rows):,} of {dataset.rows:,} rows ({method})."),
    )
    return with_labels(cut)
