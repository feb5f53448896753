"""Taking a part of a dataset's rows: whole groups of them, stratified over its outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.data.held_out import test_rows_kept
from jointbench.data.reading import with_labels
from jointbench.data.stratification import label_matrix, stratified_parts
from jointbench.data.units import FEWEST_UNITS, row_units, ways_out, why_few
from jointbench.errors import BadInput
from jointbench.types import Dataset, IntArray


def subsampled(dataset: Dataset, max_rows: int | None, seed: int, *, split_repeats: bool = False) -> Dataset:
    """At most ``max_rows`` rows, whole groups of them, stratified over the outputs; a note on the dataset records it.

    With a time column, the latest rows instead; rows to test on of a file of their own are cut by themselves.
    ``split_repeats``: identical rows need not stay together. Raises BadInput where no group fits into ``max_rows``.
    """
    if max_rows is None or dataset.rows <= max_rows:
        return dataset
    rows = _chosen(dataset, max_rows, seed, split_repeats)
    method = "the latest rows" if dataset.time is not None else f"a stratified sample, seed {seed}"
    note = f"Cut to {len(rows):,} of {dataset.rows:,} rows ({method})."
    cut = replace(_part(dataset, rows), cut_from=dataset.cut_from or dataset.rows, notes=(*dataset.notes, note))
    return with_labels(cut)


def _chosen(dataset: Dataset, max_rows: int, seed: int, split_repeats: bool) -> IntArray:
    """Row numbers, ascending. Raises BadInput where no group fits into ``max_rows``."""
    if dataset.rows <= max_rows:
        return np.arange(dataset.rows)
    if dataset.held_out is not None:
        kept, chosen = test_rows_kept(dataset, max_rows), []
        for rows, most in ((~dataset.held_out.rows, max_rows - kept), (dataset.held_out.rows, kept)):
            part = replace(_part(dataset, np.flatnonzero(rows)), held_out=None)
            chosen.append(np.flatnonzero(rows)[_chosen(part, most, seed, split_repeats)])
        return np.sort(np.concatenate(chosen))
    if dataset.time is not None:
        return np.sort(np.argsort(dataset.time, kind="stable")[-max_rows:])
    rng = np.random.default_rng([seed, 0x5AB])
    units = row_units(dataset, split_repeats=split_repeats)
    share = max_rows / dataset.rows
    in_part = stratified_parts(units, label_matrix(dataset), [share, 1 - share], rng)
    # The part may exceed the limit by a little: take whole units in random order, as many as fit.
    inside = units[in_part == 0]
    sizes = np.bincount(inside)
    order = rng.permutation(np.unique(inside))
    fitting = np.flatnonzero(np.isin(units, order[np.cumsum(sizes[order]) <= max_rows]))
    if not len(fitting):
        raise BadInput(_too_large(dataset, max_rows, split_repeats))
    return fitting


def _part(dataset: Dataset, rows: IntArray) -> Dataset:
    """These rows of it alone."""
    features = (
        dataset.features[rows]
        if isinstance(dataset.features, np.ndarray)
        else dataset.features.iloc[rows].reset_index(drop=True)
    )
    held_out = dataset.held_out
    return replace(
        dataset,
        features=features,
        targets={name: values[rows] for name, values in dataset.targets.items()},
        groups=None if dataset.groups is None else np.unique(dataset.groups[rows], return_inverse=True)[1],
        time=None if dataset.time is None else dataset.time[rows],
        row_weights=None if dataset.row_weights is None else dataset.row_weights[rows],
        held_out=None if held_out is None else replace(held_out, rows=held_out.rows[rows]),
    )


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
