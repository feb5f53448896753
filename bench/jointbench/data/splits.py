"""Repeated K-fold splits with an inner validation part, seeded and stratified over all outputs at once.

Identical rows and rows of one group stay in one part. With a time column the splits go forward in time instead.

The folds depend on the data and the seed alone, so every arm and backend gets the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from jointbench.errors import BadInput
from jointbench.types import Dataset, IntArray, Split

VALIDATION_PARTS = 6  # the validation part is one sixth of the rows that are not tested on
REGRESSION_BINS = 5  # a regression output is stratified by the quintile of its value


def splits(dataset: Dataset, folds: int, repeats: int, seed: int) -> tuple[Split, ...]:
    """All folds of all repeats. Raises BadInput when there are not enough rows or groups for them."""
    if folds < 2:
        raise BadInput(f"--folds {folds}: at least 2 folds are needed, so that every row is tested on once")
    if dataset.time is not None:
        if dataset.groups is not None:
            raise BadInput("--group and --time: a split forward in time cannot keep groups together; give one of them")
        return _forward(dataset, folds, repeats, seed)
    units = row_groups(dataset)
    count = int(units.max()) + 1
    if folds > count:
        counted = "rows" if count == dataset.rows else "groups of rows that must stay together"
        raise BadInput(f"--folds {folds}: {dataset.slug} has only {count} {counted}; ask for at most {count} folds")
    labels = label_matrix(dataset)
    results = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        part = stratified_parts(units, labels, [1 / folds] * folds, rng)
        for fold in range(folds):
            rest = np.flatnonzero(part != fold)
            inner_rng = np.random.default_rng([seed, repeat, fold])
            parts = min(VALIDATION_PARTS, len(np.unique(units[rest])))
            if parts < 2:
                raise BadInput(f"{dataset.slug} has too few rows to hold out a validation part in {folds} folds")
            inner = stratified_parts(_renumbered(units[rest]), labels[rest], [1 / parts] * parts, inner_rng)
            results.append(
                Split(
                    repeat=repeat,
                    fold=fold,
                    folds=folds,
                    train=rest[inner != 0],
                    validation=rest[inner == 0],
                    test=np.flatnonzero(part == fold),
                    seed=seed,
                )
            )
    return tuple(results)


def row_groups(dataset: Dataset) -> IntArray:
    """Per row, the number of the unit it belongs to: rows with identical features or of one group share a unit."""
    if isinstance(dataset.features, np.ndarray):
        rows = pd.Series([image.tobytes() for image in dataset.features])
    else:
        rows = pd.util.hash_pandas_object(dataset.features, index=False)
    units = pd.factorize(rows)[0].astype(np.int64)
    if dataset.groups is None:
        return units
    # Two rows share a unit when a chain of "same features" and "same group" links joins them.
    offset = int(units.max()) + 1
    nodes = offset + int(dataset.groups.max()) + 1
    links = coo_matrix((np.ones(len(units)), (units, offset + dataset.groups)), shape=(nodes, nodes))
    component = connected_components(links, directed=False)[1]
    return _renumbered(component[units])


def _renumbered(units: IntArray) -> IntArray:
    """The same units, numbered from 0 without gaps."""
    return np.unique(units, return_inverse=True)[1].astype(np.int64)


def label_matrix(dataset: Dataset) -> IntArray:
    """(rows, labels) zeros and ones: a column per class, or per quintile of a regression output's value."""
    columns = []
    for output in dataset.outputs:
        values = dataset.targets[output.name]
        if output.kind == "regression":
            edges = np.unique(np.nanquantile(values, np.linspace(0, 1, REGRESSION_BINS + 1)[1:-1]))
            codes = np.searchsorted(edges, values, side="right")
            width = len(edges) + 1
        else:
            codes = np.nan_to_num(values, nan=-1).astype(np.int64)
            width = len(output.classes)
        codes = np.where(np.isnan(values), -1, codes)
        columns.append(codes[:, None] == np.arange(width))
    return np.concatenate(columns, axis=1).astype(np.int64)


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
    shortfall = np.outer(shares, contents.sum(axis=0))
    sizes = contents[:, -1]
    rarest = np.where(contents > 0, totals, np.inf).min(axis=1)
    part_of = np.empty(count, dtype=np.int64)
    shuffled = rng.permutation(count)
    for unit in shuffled[np.lexsort((rarest[shuffled], -sizes[shuffled]))]:
        gain = (2 * shortfall - contents[unit]) @ (contents[unit] / totals) / np.asarray(shares)
        part = rng.choice(np.flatnonzero(gain >= gain.max() - 1e-9))
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


def _forward(dataset: Dataset, folds: int, repeats: int, seed: int) -> tuple[Split, ...]:
    """Forward chaining: fold k trains and validates on the k+1 earliest blocks and tests on the next one."""
    assert dataset.time is not None
    if repeats > 1:
        raise BadInput("--repeats: with a time column every repeat would be the same split; ask for one repeat")
    times = _renumbered(pd.factorize(dataset.time, sort=True)[0].astype(np.int64))
    blocks = folds + 1
    if blocks > int(times.max()) + 1:
        raise BadInput(f"--folds {folds}: {dataset.slug} has only {int(times.max()) + 1} different times")
    order = np.argsort(times, kind="stable")
    # Cut only between different times, at the cut nearest to equal shares of rows.
    ends = np.searchsorted(times[order], np.arange(int(times.max()) + 1), side="right")
    cuts = [
        0,
        *(int(ends[np.argmin(np.abs(ends - dataset.rows * b / blocks))]) for b in range(1, blocks)),
        dataset.rows,
    ]
    if len(set(cuts)) < len(cuts):
        raise BadInput(f"--folds {folds}: too many rows of {dataset.slug} share one time; ask for fewer folds")
    results = []
    for fold in range(folds):
        past, test = order[: cuts[fold + 1]], order[cuts[fold + 1] : cuts[fold + 2]]
        inner = ends[ends < len(past)]
        if not len(inner):
            raise BadInput(
                f"--folds {folds}: the first block of {dataset.slug} holds one time only; ask for fewer folds"
            )
        cut = int(inner[np.argmin(np.abs(inner - len(past) * (1 - 1 / VALIDATION_PARTS)))])
        results.append(
            Split(
                repeat=0,
                fold=fold,
                folds=folds,
                train=np.sort(past[:cut]),
                validation=np.sort(past[cut:]),
                test=np.sort(test),
                seed=seed,
            )
        )
    return tuple(results)
