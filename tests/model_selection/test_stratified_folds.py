"""Every fold of MultiOutputKFold has its share of every label of every output, on any table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold

from jointbench.model_selection import MultiOutputKFold

FOLDS = 5
Groups = npt.NDArray[np.int64]


def table(seed: int, *, grouped: bool) -> tuple[pd.DataFrame, Groups]:
    """A number, two classes with a third of their labels missing, three uneven classes, a number known in a tenth."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(60, 400))
    groups = rng.integers(0, rng.integers(15, 60), rows) if grouped else np.arange(rows)
    level = rng.normal(size=rows)[groups]
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=rows) + level,
            "flag": np.where(rng.random(rows) < 0.3, np.nan, rng.random(rows) < 0.1 + 0.3 * (level > 0)),
            "grade": rng.choice(["p", "q", "r"], rows, p=[0.7, 0.25, 0.05]),
            "rare": np.where(rng.random(rows) < 0.1, rng.normal(size=rows), np.nan),
        }
    )
    return frame, groups


def unevenness(tests: Iterable[npt.NDArray[np.int64]], table: pd.DataFrame) -> float:
    """How far the shares of classes and ranked fifths among a fold's labels are from the whole table's, on average."""
    off = []
    for name in table.columns:
        known = table[name].dropna()
        fifths = (known.rank(pct=True) * 5).apply(np.ceil)
        shares = pd.get_dummies(fifths if name in ("number", "rare") else known).astype(float)
        for test in tests:
            inside = shares.loc[shares.index.intersection(pd.Index(test))]
            off.append(float(np.abs(inside.sum() / max(len(inside), 1) - shares.mean()).mean()))
    return float(np.mean(off))


@pytest.mark.parametrize("grouped", [False, True])
def test_shares_are_nearer_to_the_whole_than_those_of_scikit_learns_splitters(grouped: bool) -> None:
    """Over many random tables; StratifiedGroupKFold is told one of the four outputs, which is all it can take."""
    ours, others = [], []
    for seed in range(30):
        frame, groups = table(seed, grouped=grouped)
        splitters = (
            MultiOutputKFold(FOLDS, random_state=seed),
            KFold(FOLDS, shuffle=True, random_state=seed),
            GroupKFold(FOLDS, shuffle=True, random_state=seed),
            StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed),
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class|The groups parameter is ignored")
            scores = [
                unevenness(
                    [t for _, t in cv.split(frame, frame["grade"] if cv is splitters[-1] else frame, groups)], frame
                )
                for cv in splitters
            ]
        ours.append(scores[0])
        others.append(scores[1:])
    assert (np.mean(ours) < 0.85 * np.mean(others, axis=0)).all(), (np.mean(ours), np.mean(others, axis=0))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), folds=st.integers(2, 8), grouped=st.booleans(), draw=st.integers(0, 10**6))
def test_folds_partition_any_table_and_hold_labels_of_every_output(
    seed: int, folds: int, grouped: bool, draw: int
) -> None:
    frame, groups = table(seed, grouped=grouped)
    tests = [test for _, test in MultiOutputKFold(folds, random_state=draw).split(frame, frame, groups)]
    assert sorted(np.concatenate(tests)) == list(range(len(frame)))
    for name in frame.columns:
        known = frame[name].notna().to_numpy()
        if len(set(groups[known])) >= folds + 2:  # with fewer, one group may be the last hope of two outputs
            assert all(known[test].any() for test in tests)
    for i, test in enumerate(tests):
        assert not set(groups[test]) & {g for j, other in enumerate(tests) if j != i for g in groups[other]}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), outputs=st.integers(1, 4), folds=st.integers(2, 6))
def test_without_groups_every_class_is_within_a_few_rows_of_its_share(seed: int, outputs: int, folds: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, rng.integers(2, 5), 120) for _ in range(outputs)])
    for _, test in MultiOutputKFold(folds, random_state=seed).split(codes, codes):
        assert abs(len(test) - 120 / folds) <= 3
        for column in codes.T:
            for code in set(column):
                assert abs((column[test] == code).sum() - (column == code).sum() / folds) <= 4


def test_labels_that_few_rows_have_are_shared_out() -> None:
    """Ten labels of a number in 500 rows, five folds: two for each fold, whatever their values."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = np.column_stack([np.full(500, np.nan), rng.normal(size=500)])
        labelled = rng.choice(500, 10, replace=False)
        y[labelled, 0] = rng.normal(size=10)
        found = [int((~np.isnan(y[test, 0])).sum()) for _, test in MultiOutputKFold(5, random_state=seed).split(y, y)]
        assert found == [2] * 5


def test_few_labels_reach_every_fold_past_large_groups() -> None:
    """Five of 40 groups have labels of an output, as many as there are folds: one for each, and no group parted."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(40), rng.integers(1, 30, 40))
        y = np.column_stack([rng.normal(size=len(groups)), np.where(groups < 5, rng.normal(size=len(groups)), np.nan)])
        for _, test in MultiOutputKFold(5, random_state=seed).split(y, y, groups):
            assert len({g for g in groups[test] if g < 5}) == 1


def test_columns_of_every_sort_are_split() -> None:
    """Names that never repeat, one value, no label at all, identifiers: nothing to stratify by, and folds all the same."""
    frame = pd.DataFrame(
        {
            "name": [f"n{i}" for i in range(3000)],
            "same": 1.0,
            "none": np.nan,
            "identifier": np.arange(3000),
            "seen": pd.Series([True, None, False] * 1000, dtype="boolean"),
            "day": pd.date_range("2020-01-01", periods=3000, freq="D"),
        }
    )
    tests = [test for _, test in MultiOutputKFold(4, random_state=0).split(frame, frame)]
    assert max(abs(len(test) - 750) for test in tests) <= 5
    assert max(abs(int(frame["seen"][test].sum()) - 250) for test in tests) <= 5
    assert max(abs(float(frame["identifier"][test].mean()) - 1499.5) for test in tests) < 25
