"""Stratification over all outputs at once: rows go to parts so that each has its share of every label, units kept whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.types import Dataset, FloatArray, IntArray

REGRESSION_BINS = 5  # a regression output is stratified by the quintile of its value


def label_matrix(dataset: Dataset) -> IntArray:
    """(rows, labels) zeros and ones: a column per class, or per quintile of a regression output's value."""
    columns = [
        by_quintile(dataset.targets[output.name])
        if output.kind == "regression"
        else by_class(dataset.targets[output.name], len(output.classes))
        for output in dataset.outputs
    ]
    return np.concatenate(columns, axis=1).astype(np.int64)


def by_class(codes: FloatArray | IntArray, classes: int) -> npt.NDArray[np.bool_]:
    """(rows, classes): which class each row is of; none where its code is NaN or -1."""
    return np.asarray(codes[:, None] == np.arange(classes))


def by_quintile(values: FloatArray) -> npt.NDArray[np.bool_]:
    """(rows, up to 5): in which fifth of the known values each row's is; in none where it is NaN."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, REGRESSION_BINS + 1)[1:-1])) if len(known) else known
    bins = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return np.asarray(bins[:, None] == np.arange(len(edges) + 1))


def stratified_parts(units: IntArray, labels: IntArray, shares: Sequence[float], rng: np.random.Generator) -> IntArray:
    """Per row, the part it goes to: one part for each share of the rows, stratified over all labels, units kept whole.

    units: (rows,). labels: (rows, labels) of 0 and 1. shares: they add up to 1. Large units are assigned first, then
    those with the rarest label (the order of Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of
    multi-label data"). Each unit goes to the part whose squared shortfalls it reduces most; shortfalls are those of
    every label and of rows, relative to their totals. (No maintained library keeps units of rows and several outputs.)
    """
    count = int(units.max()) + 1
    contents = np.zeros((count, labels.shape[1] + 1))
    np.add.at(contents, units, np.column_stack([labels, np.ones(len(units), np.int64)]))
    totals = np.maximum(contents.sum(axis=0), 1)
    shortfall, of_rows = np.outer(shares, contents.sum(axis=0)), np.asarray(shares)
    sizes = contents[:, -1]
    rarest = np.where(contents > 0, totals, np.inf).min(axis=1)
    part_of = np.empty(count, dtype=np.int64)
    shuffled = rng.permutation(count)
    for unit in shuffled[np.lexsort((rarest[shuffled], -sizes[shuffled]))]:
        gain = (2 * shortfall - contents[unit]) @ (contents[unit] / totals) / of_rows
        best = (gain >= gain.max() - 1e-9).nonzero()[0]
        part = best[0] if len(best) == 1 else rng.choice(best)  # a choice among one draws nothing
        part_of[unit] = part
        shortfall[part] -= contents[unit]
    _fill_empty(part_of, sizes, len(shares))
    return part_of[units]


def _fill_empty(part_of: IntArray, sizes: IntArray, parts: int) -> None:
    """Moves into each empty part the smallest unit of the part with most units, in place (only tiny tables need it)."""
    for part in range(parts):
        if not (part_of == part).any():
            donor = np.bincount(part_of, minlength=parts).argmax()
            members = np.flatnonzero(part_of == donor)
            part_of[members[np.argmin(sizes[members])]] = part
