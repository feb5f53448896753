"""Splits: a leak or a lopsided fold here makes every number of a report wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from jointbench.data.splits import splits
from jointbench.errors import BadInput
from jointbench.types import Dataset, Output, Split
from split_tables import THREE, Ints, bundled, dataset, numbers


def linked(data: Dataset) -> Ints:
    """Per row the smallest row number it must share a fold with: brute force over pairs until nothing changes."""
    assert isinstance(data.features, pd.DataFrame)
    rows = [tuple(map(str, row)) for row in data.features.itertuples(index=False)]
    label = np.arange(data.rows)
    while True:
        before = label.copy()
        for i in range(data.rows):
            for j in range(i):
                if rows[i] == rows[j] or (data.groups is not None and data.groups[i] == data.groups[j]):
                    label[i] = label[j] = min(label[i], label[j])
        if np.array_equal(before, label):
            return label


def assert_sound(chosen: tuple[Split, ...], data: Dataset, folds: int, repeats: int) -> None:
    """Partition, disjointness, every row tested once per repeat, and nothing that belongs together torn apart."""
    assert [(s.repeat, s.fold, s.folds) for s in chosen] == [
        (r, f, folds) for r in range(repeats) for f in range(folds)
    ]
    for split in chosen:
        assert min(len(split.train), len(split.validation), len(split.test)) > 0
        assert sorted([*split.train, *split.validation, *split.test]) == list(range(data.rows))
    for repeat in range(repeats):
        tested = np.concatenate([s.test for s in chosen if s.repeat == repeat])
        assert sorted(tested) == list(range(data.rows))
    unit = linked(data)
    for split in chosen:
        train, validation, test = (set(unit[rows]) for rows in (split.train, split.validation, split.test))
        assert not train & test
        assert not validation & test
        assert not train & validation


@st.composite
def tables(draw: st.DrawFn) -> Dataset:
    """Small tables with duplicate rows, group keys, missing labels and outputs of every kind."""
    rows = draw(st.integers(8, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    features = pd.DataFrame(
        {
            "x": rng.integers(0, draw(st.integers(6, 60)), rows).astype(float),
            "name": pd.Series(rng.choice(["a", "b"], rows)).astype("category"),
        }
    )
    outputs = draw(
        st.lists(
            st.sampled_from(
                [Output("y", "regression"), Output("b", "binary", ("n", "y")), Output("m", "multiclass", THREE)]
            ),
            min_size=1,
            unique=True,
        ).map(tuple)
    )
    targets = {}
    for output in outputs:
        values = rng.normal(size=rows) if output.kind == "regression" else rng.integers(0, len(output.classes), rows)
        missing = rng.random(rows) < draw(st.sampled_from([0.0, 0.4]))
        missing[:2] = False
        targets[output.name] = np.where(missing, np.nan, values.astype(float))
    groups = rng.integers(0, draw(st.integers(6, 20)), rows) if draw(st.booleans()) else None
    return dataset(features, targets, outputs, groups)


@settings(deadline=None)
@given(tables(), st.integers(2, 5), st.integers(1, 2), st.integers(0, 2**31))
def test_splits_are_partitions_that_keep_linked_rows_together(
    data: Dataset, folds: int, repeats: int, seed: int
) -> None:
    try:
        chosen = splits(data, folds, repeats, seed)
    except BadInput:
        # Right only where there is nothing to deal out: too few units, or one left over beside half of the table.
        assert len(set(linked(data))) < folds or folds == 2
        reject()
    assert_sound(chosen, data, folds, repeats)


def test_a_chain_of_group_and_duplicate_links_stays_in_one_part() -> None:
    """Row 0 shares a group with 1, 1 its features with 2, 2 a group with 3: 0 and 3 leak into each other if torn."""
    x = np.arange(40.0)
    x[2] = x[1]
    groups = np.arange(40) + 100
    groups[0] = groups[1] = 0
    groups[2] = groups[3] = 1
    data = replace(numbers(40, groups), features=pd.DataFrame({"x": x}))
    for seed in range(20):
        for split in splits(data, 4, 1, seed):
            counts = [len({0, 1, 2, 3} & set(rows)) for rows in (split.train, split.validation, split.test)]
            assert sorted(counts) == [0, 0, 4]


def test_identical_images_stay_in_one_part() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 4, 4, 1), dtype=np.uint8)
    images[20:] = images[:10]
    labels = {"y": rng.integers(0, 2, 30).astype(float)}
    data = dataset(images, labels, (Output("y", "binary", ("n", "y")),))
    for split in splits(data, 3, 2, 0):
        for rows in (split.train, split.validation, split.test):
            assert all((i in rows) == (i + 20 in rows) for i in range(10))


def test_rows_that_differ_in_one_cell_are_not_taken_for_one() -> None:
    """Otherwise a table of distinct rows would have too few of them to split."""
    data = numbers(12)
    assert all(len(split.test) == 1 for split in splits(data, 12, 1, 0))


def test_missing_cells_do_not_hide_a_duplicate() -> None:
    x = np.array([np.nan, np.nan, *range(10)])
    data = replace(numbers(12), features=pd.DataFrame({"x": x, "z": 1.0}))
    for seed in range(10):
        for split in splits(data, 3, 1, seed):
            assert any({0, 1} <= set(rows) for rows in (split.train, split.validation, split.test))


def test_a_group_key_and_a_time_key_together_are_not_silently_half_honoured() -> None:
    """Rows of one patient on both sides of the cut are the leak the group key was given to prevent."""
    groups = np.arange(60) % 6
    data = numbers(60, groups, np.arange(60.0))
    try:
        chosen = splits(data, 2, 1, 0)
    except BadInput:
        return
    for split in chosen:
        assert not set(groups[split.test]) & set(groups[np.concatenate([split.train, split.validation])])


def test_one_seed_gives_one_split_and_repeats_and_seeds_give_others() -> None:
    """Arms and backends are compared on the same rows only if the splits can be made again."""
    data = bundled("concrete_slump")
    first, again, other = (splits(data, 5, 3, seed) for seed in (1, 1, 2))
    assert [s.digest for s in first] == [s.digest for s in again]
    assert all(np.array_equal(a.train, b.train) for a, b in zip(first, again, strict=True))
    assert len({s.test.tobytes() for s in (*first, *other)}) == len({s.digest for s in (*first, *other)}) == 30


def test_a_further_repeat_leaves_the_earlier_ones_alone() -> None:
    """So that a run can be extended without fitting everything again."""
    data = bundled("concrete_slump")
    assert [s.digest for s in splits(data, 5, 3, 1)][:5] == [s.digest for s in splits(data, 5, 1, 1)]


def test_the_digest_tells_the_three_parts_apart() -> None:
    """Two splits with one digest share their fits; rows moved from train to validation must change it."""
    split = splits(numbers(20), 2, 1, 0)[0]
    moved = replace(split, train=split.train[:-1], validation=np.concatenate([split.train[-1:], split.validation]))
    swapped = replace(split, train=split.validation, validation=split.train)
    assert len({split.digest, moved.digest, swapped.digest, replace(split, seed=5).digest}) == 3


@pytest.mark.parametrize("folds", [-1, 0, 1])
def test_fewer_than_two_folds_are_refused(folds: int) -> None:
    with pytest.raises(BadInput, match=f"--folds {folds}"):
        splits(numbers(20), folds, 1, 0)


def test_more_folds_than_rows_are_refused_with_the_number_that_works() -> None:
    with pytest.raises(BadInput, match=r"--folds 13.*only 12 rows.*at most 12"):
        splits(numbers(12), 13, 1, 0)
    assert len(splits(numbers(12), 12, 1, 0)) == 12


def test_more_folds_than_groups_are_refused_as_groups() -> None:
    with pytest.raises(BadInput, match=r"--folds 5.*only 4 groups"):
        splits(numbers(40, np.arange(40) % 4), 5, 1, 0)


def test_a_table_that_leaves_nothing_to_validate_on_is_refused() -> None:
    with pytest.raises(BadInput, match="validation"):
        splits(numbers(40, np.arange(40) % 2), 2, 1, 0)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=20, max_size=80), st.integers(2, 4))
def test_with_a_time_key_nothing_is_learnt_from_the_future(moments: list[int], folds: int) -> None:
    time = np.array(moments, dtype=float)
    data = numbers(len(time), time=time)
    try:
        chosen = splits(data, folds, 1, 0)
    except BadInput:
        # Right only where one time holds half a block or more: there is no place to cut.
        assert max(map(moments.count, moments)) > len(moments) / (2 * (folds + 1))
        reject()
    before = -np.inf
    for split in chosen:
        assert time[split.train].max() < time[split.validation].min()
        assert time[split.validation].max() < time[split.test].min()
        assert time[split.test].min() > before
        before = time[split.test].max()
    assert before == time.max()


def test_with_a_time_key_the_past_grows_block_by_block() -> None:
    """100 days in any order, four folds: train on 20, 40, 60, 80 days, test on the next 20, validate on a sixth."""
    time = np.random.default_rng(0).permutation(100).astype(float)
    chosen = splits(numbers(100, time=time), 4, 1, 0)
    for fold, split in enumerate(chosen):
        assert set(time[split.test]) == set(range(20 * fold + 20, 20 * fold + 40))
        assert set(time[split.train]) | set(time[split.validation]) == set(range(20 * fold + 20))
        assert abs(len(split.validation) - (20 * fold + 20) / 6) <= 1


def test_repeats_with_a_time_key_are_refused() -> None:
    with pytest.raises(BadInput, match="--repeats"):
        splits(numbers(40, time=np.arange(40.0)), 2, 2, 0)


def test_too_few_different_times_are_refused() -> None:
    with pytest.raises(BadInput, match=r"--folds 5.*only 3 different times"):
        splits(numbers(30, time=np.arange(30.0) % 3), 5, 1, 0)
    with pytest.raises(BadInput, match=r"--folds 2.*fewer folds"):
        splits(numbers(30, time=np.maximum(np.arange(30.0), 27)), 2, 1, 0)
