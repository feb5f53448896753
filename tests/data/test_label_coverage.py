"""Validation rows where labels are missing: every output has some, and nothing else about a split changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from jointbench.data.label_coverage import with_every_label
from jointbench.data.splits import splits
from jointbench.data.units import row_units
from jointbench.errors import BadInput
from jointbench.types import Dataset, Output
from split_tables import Ints, dataset, numbers

OUTPUTS = (Output("full", "regression"), Output("rare", "regression"))


def with_gaps(labelled: Ints, rows: int = 240, groups: Ints | None = None, *, in_time: bool = False) -> Dataset:
    """One output with all its labels, one with these alone."""
    rng = np.random.default_rng(0)
    rare = np.full(rows, np.nan)
    rare[labelled] = rng.normal(size=len(labelled))
    time = np.arange(rows, dtype=float) if in_time else None
    table = pd.DataFrame({"x": rng.normal(size=rows)})
    return dataset(table, {"full": rng.normal(size=rows), "rare": rare}, OUTPUTS, groups, time)


def test_labels_that_end_before_the_latest_rows_validate_on_their_own_latest() -> None:
    """A network whose output has no label to validate on keeps its first epoch, and loses to one that has."""
    data = with_gaps(np.array([*range(60), *range(80, 140), *range(160, 240)]), in_time=True)
    known = ~np.isnan(data.targets["rare"])
    first, second = splits(data, 2, 1, 0)
    assert known[first.validation].sum() == 10, "a sixth of the 60 labels before row 80"
    assert set(range(50, 60)) <= set(first.validation)
    assert set(range(67, 80)) <= set(first.validation), "the rows that the other output validates on stay"
    assert sorted([*second.train, *second.validation]) == list(range(160))
    assert 10 <= known[second.validation].sum() <= 30


def test_labels_that_begin_in_the_validation_rows_are_trained_on_too() -> None:
    data = with_gaps(np.arange(70, 240), in_time=True)
    first, _ = splits(data, 2, 1, 0)
    known = ~np.isnan(data.targets["rare"])
    assert known[first.train].any()
    assert known[first.validation].any()
    assert max(np.flatnonzero(known)[np.isin(np.flatnonzero(known), first.train)]) < 80


def test_labels_of_a_few_groups_lie_on_both_sides() -> None:
    """Six of 24 groups have labels: whichever are left to train and validate on are on both sides."""
    groups = np.arange(240) // 10
    data = with_gaps(np.flatnonzero(groups % 4 == 0), groups=groups)
    known = ~np.isnan(data.targets["rare"])
    for seed in range(20):
        for split in splits(data, 2, 1, seed):
            if len(set(groups[split.test]) & set(groups[known])) < 5:
                assert known[split.train].any()
                assert known[split.validation].any()
            assert not set(groups[split.train]) & set(groups[split.validation])


@st.composite
def gappy(draw: st.DrawFn) -> Dataset:
    """Tables with identical rows, groups and few labels of one output."""
    rows = draw(st.integers(30, 80))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    labelled = rng.choice(rows, draw(st.integers(2, 12)), replace=False)
    groups = rng.integers(0, draw(st.integers(10, 40)), rows) if draw(st.booleans()) else None
    data = with_gaps(labelled, rows, groups)
    return replace(data, features=pd.DataFrame({"x": rng.integers(0, draw(st.integers(15, 200)), rows).astype(float)}))


@settings(deadline=None)
@given(gappy(), st.integers(2, 4), st.integers(0, 1000))
def test_every_output_validates_and_trains_on_labels_where_it_can(data: Dataset, folds: int, seed: int) -> None:
    try:
        chosen = splits(data, folds, 1, seed)
    except BadInput:
        reject()
    units = row_units(data)
    known = ~np.isnan(data.targets["rare"])
    for split in chosen:
        rest = np.concatenate([split.train, split.validation])
        assert sorted([*rest, *split.test]) == list(range(data.rows))
        assert not set(units[split.train]) & set(units[split.validation])
        assert min(len(split.train), len(split.validation)) > 0
        if len(set(units[rest[known[rest]]])) > 1 and len(set(units[rest])) > len(set(units[rest[known[rest]]])):
            assert known[split.train].any()
            assert known[split.validation].any()


def test_a_table_without_gaps_is_split_as_it_was() -> None:
    """Not one row moves, however lopsided the draw."""
    data = numbers(12)
    held_out = np.arange(12) == 3
    kept = with_every_label(data.targets, np.arange(12), np.arange(12), held_out, np.arange(12))
    assert kept is held_out
