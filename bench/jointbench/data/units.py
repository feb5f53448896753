"""Units: rows that stay in one part of a split, because they are of one group or have identical features."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from jointbench.types import Dataset, IntArray

SPLIT_REPEATS = "let identical rows fall into different parts with --split-repeats"
FEWEST_UNITS = 3  # one to test on, one to validate on and one to train on


def row_units(dataset: Dataset, *, split_repeats: bool = False) -> IntArray:
    """Per row, the number of its unit: rows of one group share one, and unless ``split_repeats`` identical rows do."""
    units = np.arange(dataset.rows) if split_repeats else _identical(dataset)
    if dataset.groups is None:
        return units
    # Two rows share a unit when a chain of "same features" and "same group" links joins them.
    offset = int(units.max()) + 1
    nodes = offset + int(dataset.groups.max()) + 1
    links = coo_matrix((np.ones(len(units)), (units, offset + dataset.groups)), shape=(nodes, nodes))
    component = connected_components(links, directed=False)[1]
    return renumbered(component[units])


def _identical(dataset: Dataset) -> IntArray:
    """Per row, the number of its features: identical rows have the same."""
    if isinstance(dataset.features, np.ndarray):
        rows = pd.Series([image.tobytes() for image in dataset.features])
    else:
        rows = pd.util.hash_pandas_object(dataset.features, index=False)
    return pd.factorize(rows)[0].astype(np.int64)


def renumbered(units: IntArray) -> IntArray:
    """The same units, numbered from 0 without gaps."""
    return np.unique(units, return_inverse=True)[1].astype(np.int64)


def why_few(dataset: Dataset, *, split_repeats: bool = False) -> str:
    """How many units the table has and why not more, in words for a message: "table has only 12 rows"."""
    count = _count(row_units(dataset, split_repeats=split_repeats))
    if count == dataset.rows:
        return f"{dataset.slug} has only {count:,} rows"
    of_groups = "" if dataset.groups is None else f" only {_count(dataset.groups):,} groups of rows that stay together"
    if not _repeats_matter(dataset, count, split_repeats):
        return f"{dataset.slug} has{of_groups}"
    distinct = _count(_identical(dataset))
    repeats = f"{dataset.rows:,} rows have only {distinct:,} different feature rows"
    if not of_groups:
        return f"{dataset.slug}: its {repeats}, and identical rows stay together"
    return (
        f"{dataset.slug} has{of_groups}, its {repeats}, and groups with identical rows stay together too, "
        f"which leaves {count:,} parts"
    )


def ways_out(dataset: Dataset, *, split_repeats: bool = False) -> list[str]:
    """What a user can do about few units, beside asking for fewer folds."""
    count = _count(row_units(dataset, split_repeats=split_repeats))
    ways = [SPLIT_REPEATS] if _repeats_matter(dataset, count, split_repeats) else []
    if dataset.groups is not None and _count(dataset.groups) <= FEWEST_UNITS:
        ways.append("name a --group with more groups, or none")
    return ways


def _repeats_matter(dataset: Dataset, count: int, split_repeats: bool) -> bool:
    """Would there be more units if identical rows were no reason to stay together?"""
    return not split_repeats and count < _count(row_units(dataset, split_repeats=True))


def _count(units: IntArray) -> int:
    return len(np.unique(units))
