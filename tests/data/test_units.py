"""Few distinct rows: the cause and a way out that works, and unequal parts are said."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.split_notes import split_notes
from jointbench.data.splits import splits
from jointbench.data.subsample import check_cut, subsampled
from jointbench.data.units import row_units
from jointbench.errors import BadInput
from jointbench.types import Dataset, Output
from split_tables import Ints, dataset

OUTPUTS = (Output("y", "regression"),)


def repeated(sizes: list[int], groups: Ints | None = None) -> Dataset:
    """A table of one categorical feature; sizes: rows of each category."""
    names = np.repeat([f"k{i}" for i in range(len(sizes))], sizes)
    target = np.random.default_rng(0).normal(size=len(names))
    return dataset(pd.DataFrame({"kind": pd.Categorical(names)}), {"y": target}, OUTPUTS, groups)


@pytest.mark.parametrize(("categories", "folds"), [(3, 5), (4, 10), (12, 13)])
def test_few_distinct_rows_are_named_as_such_with_ways_out_that_work(categories: int, folds: int) -> None:
    data = repeated([40] * categories)
    with pytest.raises(BadInput) as refused:
        splits(data, folds, 1, 0)
    message = str(refused.value)
    assert f"its {data.rows} rows have only {categories} different feature rows" in message
    assert "--split-repeats" in message
    assert f"ask for at most {categories} folds" in message
    assert len(splits(data, categories, 1, 0)) == categories
    assert len(splits(data, folds, 1, 0, split_repeats=True)) == folds


def test_two_distinct_rows_are_not_offered_one_fold() -> None:
    with pytest.raises(BadInput, match="only 2 different feature rows") as refused:
        splits(repeated([100, 100]), 2, 1, 0)
    assert "ask for" not in str(refused.value)
    assert "--split-repeats" in str(refused.value)


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(2, 14), st.integers(0, 99))
def test_the_number_of_folds_that_a_refusal_offers_works(sizes: list[int], folds: int, seed: int) -> None:
    data, message = repeated(sizes), ""
    try:
        splits(data, folds, 1, seed)
    except BadInput as refused:
        message = str(refused)
    for offered in re.findall(r"ask for (?:at most )?(\d+) folds", message):
        assert len(splits(data, int(offered), 1, seed)) == int(offered)
    assert not message or "--split-repeats" in message or data.rows == len(sizes)


def test_split_repeats_keeps_groups_together_all_the_same() -> None:
    groups = np.arange(200) // 20
    data = repeated([100, 100], groups)
    assert len(np.unique(row_units(data))) == 2
    for split in splits(data, 5, 2, 0, split_repeats=True):
        parts = [set(groups[rows]) for rows in (split.train, split.validation, split.test)]
        assert sum(len(part) for part in parts) == 10


def test_groups_that_identical_rows_join_are_counted_with_the_cause() -> None:
    data = repeated([100, 100], np.arange(200) // 20)
    with pytest.raises(BadInput, match=r"10 groups.*only 2 different feature rows.*leaves 2 parts.*--split-repeats"):
        splits(data, 2, 1, 0)


def test_a_cut_that_leaves_too_few_distinct_rows_says_so_of_the_whole_table() -> None:
    """20,000 rows of 12 kinds, cut to 3,000: one kind fits, and "at most 1 folds" would be no way out."""
    data = repeated([1_667] * 12)
    cut = subsampled(data, 3_000, 0)
    with pytest.raises(BadInput, match=r"20,004 rows have only 12 different feature rows.*3,000 rows.*--split-repeats"):
        check_cut(cut, data, 3_000, split_repeats=False)
    better = subsampled(data, 3_000, 0, split_repeats=True)
    check_cut(better, data, 3_000, split_repeats=True)
    assert better.rows > 2_900


def test_unequal_parts_are_noted_with_their_sizes_and_the_cause() -> None:
    data = repeated([140, 84, 70, 3, 3])
    chosen = splits(data, 2, 1, 0)
    notes = " ".join(split_notes(data, chosen, split_repeats=False))
    assert "unequal" in notes
    for split in chosen:
        sizes = [len(split.train), len(split.validation), len(split.test)]
        if abs(sizes[1] - sum(sizes[:2]) / 6) > sum(sizes[:2]) / 12:
            assert " / ".join(map(str, sizes)) + f" in fold {split.fold + 1}" in notes
    assert "300 rows have only 5 different feature rows" in notes
    assert "--split-repeats" in notes


def test_equal_parts_need_no_note_and_split_repeats_is_owned_up_to() -> None:
    data = repeated([140, 84, 70, 3, 3])
    (note,) = split_notes(data, splits(data, 2, 1, 0, split_repeats=True), split_repeats=True)
    assert "295 of 300 rows" in note
    assert "--split-repeats" in note
    distinct = repeated([1] * 60)
    for split_repeats in (False, True):
        assert split_notes(distinct, splits(distinct, 3, 1, 0), split_repeats=split_repeats) == ()
