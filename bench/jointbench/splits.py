"""Repeated K-fold splits with an inner validation part: seeded, stratified over all outputs at once,
identical rows and rows of one group kept together, or forward in time.

The folds depend on the data and the seed alone, so every arm and backend gets the same ones.
"""

from __future__ import annotations

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
        return _forward(dataset, folds, repeats, seed)
    units = together(dataset)
    count = int(units.max()) + 1
    if folds > count:
        what = "rows" if count == dataset.rows else "groups of rows that must stay together"
        raise BadInput(f"--folds {folds}: {dataset.slug} has only {count} {what}; ask for at most {count} folds")
    labels = label_matrix(dataset)
    made = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        part = stratified_parts(units, labels, folds, rng)
        for fold in range(folds):
            rest = np.flatnonzero(part != fold)
            inner_rng = np.random.default_rng([seed, repeat, fold])
            parts = min(VALIDATION_PARTS, len(np.unique(units[rest])))
            if parts < 2:
                raise BadInput(f"{dataset.slug} has too few rows to hold out a validation part in {folds} folds")
            inner = stratified_parts(_renumbered(units[rest]), labels[rest], parts, inner_rng)
            made.append(
                Split(repeat, fold, folds, rest[inner != 0], rest[inner == 0], np.flatnonzero(part == fold), seed)
            )
    return tuple(made)


def together(dataset: Dataset) -> IntArray:
    """Per row, the number of the unit it belongs to: rows with identical features or of one group share a unit."""
    if isinstance(dataset.features, np.ndarray):
        same = pd.util.hash_array(np.array([image.tobytes() for image in dataset.features], dtype=object))
    else:
        same = pd.util.hash_pandas_object(dataset.features, index=False).to_numpy()
    units = pd.factorize(same)[0].astype(np.int64)
    if dataset.groups is None:
        return units
    # Two rows are together when a chain of "same features" and "same group" links joins them.

    offset = int(units.max()) + 1
    nodes = offset + int(dataset.groups.max()) + 1
    links = coo_matrix((np.ones(len(units)), (units, offset + dataset.groups)), shape=(nodes, nodes))
    component = connected_components(links, directed=False)[1]
    return _renumbered(component[units])


def _renumbered(units: IntArray) -> IntArray:
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


def stratified_parts(units: IntArray, labels: IntArray, parts: int, rng: np.random.Generator) -> IntArray:
    """Per row, which of ``parts`` equal parts it goes to: iterative stratification over units of rows.

    Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of multi-label data", with whole units in
    the place of rows (no maintained library does both): the rarest label is dealt out first, each unit to the
    part that still wants most of that label, then to the one that wants most rows.
    """
    count = int(units.max()) + 1
    sizes = np.bincount(units, minlength=count)
    wanted_by_unit = np.zeros((count, labels.shape[1]), dtype=np.int64)
    np.add.at(wanted_by_unit, units, labels)
    want_rows = np.full(parts, len(units) / parts)
    want = np.tile(labels.sum(axis=0) / parts, (parts, 1))
    part_of = np.full(count, -1, dtype=np.int64)
    shuffled = rng.permutation(count)
    # Large units first: a late large unit could only unbalance the parts. Stable, so equals stay shuffled.
    queue = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    remaining = wanted_by_unit.sum(axis=0)
    while len(queue):
        alive = np.flatnonzero(remaining > 0)
        if len(alive):
            label = alive[np.argmin(remaining[alive])]
            has = wanted_by_unit[queue, label] > 0
            chosen, queue = queue[has], queue[~has]
        else:
            label, chosen, queue = None, queue, queue[:0]
        for unit in chosen:
            first = want[:, label] if label is not None else want_rows
            best = np.flatnonzero(first == first.max())
            if len(best) > 1:
                best = best[want_rows[best] == want_rows[best].max()]
            part = best[0] if len(best) == 1 else rng.choice(best)
            part_of[unit] = part
            want[part] -= wanted_by_unit[unit]
            want_rows[part] -= sizes[unit]
        remaining = remaining - wanted_by_unit[chosen].sum(axis=0)
    _fill_empty(part_of, sizes, parts)
    return part_of[units]


def _fill_empty(part_of: IntArray, sizes: IntArray, parts: int) -> None:
    """Gives an empty part the smallest unit of the part that has most units (in place; tiny tables only)."""
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
    moments = _renumbered(pd.factorize(dataset.time, sort=True)[0].astype(np.int64))
    blocks = folds + 1
    if blocks > int(moments.max()) + 1:
        raise BadInput(f"--folds {folds}: {dataset.slug} has only {int(moments.max()) + 1} different times")
    order = np.argsort(moments, kind="stable")
    # Cut only between different times, at the cut nearest to equal shares of rows.
    ends = np.searchsorted(moments[order], np.arange(int(moments.max()) + 1), side="right")
    cuts = [0, *(int(ends[np.argmin(np.abs(ends - dataset.rows * b / blocks))]) for b in range(1, blocks)), dataset.rows]
    if len(set(cuts)) < len(cuts):
        raise BadInput(f"--folds {folds}: too many rows of {dataset.slug} share one time; ask for fewer folds")
    made = []
    for fold in range(folds):
        past, test = order[: cuts[fold + 1]], order[cuts[fold + 1] : cuts[fold + 2]]
        inner = ends[ends < len(past)]
        if not len(inner):
            raise BadInput(f"--folds {folds}: the first block of {dataset.slug} holds one time only; ask for fewer folds")
        cut = int(inner[np.argmin(np.abs(inner - len(past) * (1 - 1 / VALIDATION_PARTS)))])
        made.append(Split(0, fold, folds, np.sort(past[:cut]), np.sort(past[cut:]), np.sort(test), seed))
    return tuple(made)
