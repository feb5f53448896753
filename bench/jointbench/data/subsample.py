"""Taking a part of a dataset's rows: whole groups of them, stratified over its outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.data.reading import with_labels
from jointbench.data.stratification import label_matrix, stratified_parts
from jointbench.data.units import FEWEST_UNITS, row_units, ways_out, why_few
from jointbench.errors import BadInput
from jointbench.types import Dataset


def subsampled(dataset: Dataset, max_rows: int | None, seed: int, *, split_repeats: bool = False) -> Dataset:
    """At most ``max_rows`` rows, whole groups of them, stratified over the outputs; a note on the dataset records it.

    With a time column, the latest rows instead. ``split_repeats``: identical rows need not stay together. Raises
    BadInput where no group fits into ``max_rows``.
    """
    if max_rows is None or dataset.rows <= max_rows:
        return dataset
    if dataset.time is not None:
        rows = np.sort(np.argsort(dataset.time, kind="stable")[-max_rows:])
        method = "the latest rows"
    else:
        rng = np.random.default_rng([seed, 0x5AB])
        units = row_units(dataset, split_repeats=split_repeats)
        share = max_rows / dataset.rows
        part = stratified_parts(units, label_matrix(dataset), [share, 1 - share], rng)
        # The part may exceed the limit by a little: take whole units in random order, as many as fit.
        inside = units[part == 0]
        sizes = np.bincount(inside)
        order = rng.permutation(np.unique(inside))
        rows = np.flatnonzero(np.isin(units, order[np.cumsum(sizes[order]) <= max_rows]))
        if not len(rows):
            raise BadInput(_too_large(dataset, max_rows, split_repeats))
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
        row_weights=None if dataset.row_weights is None else dataset.row_weights[rows],
        cut_from=dataset.rows,
        notes=(*dataset.notes, f"Cut to {len(rows):,} of {dataset.rows:,} rows ({method})."),
    )
    return with_labels(cut)


def check_cut(cut: Dataset, dataset: Dataset, max_rows: int | None, *, split_repeats: bool) -> None:
    """Raises BadInput where the cut left too few groups of rows to split, and says so of the whole dataset."""
    if max_rows is None or cut.rows == dataset.rows or dataset.time is not None:
        return
    if len(np.unique(row_units(cut, split_repeats=split_repeats))) < FEWEST_UNITS:
        raise BadInput(_too_large(dataset, max_rows, split_repeats))


def _too_large(dataset: Dataset, max_rows: int, split_repeats: bool) -> str:
    ways = ways_out(dataset, split_repeats=split_repeats) or ["name a --group with smaller groups, or none"]
    return (
        f"{why_few(dataset, split_repeats=split_repeats)}, of which too few fit into the {max_rows:,} rows that this "
        f"profile takes; {', or '.join(ways)}"
    )
