"""X and Y as people have them give one and the same table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import jointbench
from jointbench import BadInput
from jointbench.api.compare import Frames, frames_dataset
from jointbench.data.frames import table_of_frames
from jointbench.data.table_options import TableOptions

ROWS = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 3))
Y = np.c_[X[:, 0] + 0.1 * RNG.normal(size=ROWS), X[:, 1]]
COLUMNS = {"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2]}
TARGETS = {"y0": Y[:, 0], "y1": Y[:, 1]}


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, Y),
        (X.tolist(), Y.tolist()),
        (COLUMNS, TARGETS),
        (pd.DataFrame(COLUMNS), pd.DataFrame(TARGETS, index=np.arange(ROWS) + 7)),
        (pd.DataFrame(COLUMNS).astype("Float64"), pd.DataFrame(TARGETS).convert_dtypes()),
        (np.ma.masked_array(X, mask=np.zeros_like(X, bool)), np.ma.masked_array(Y, mask=np.zeros_like(Y, bool))),
    ],
    ids=["arrays", "lists", "dicts", "frames", "nullable", "masked"],
)
def test_every_form_is_the_same_table(x: Any, y: Any) -> None:
    table, targets = table_of_frames(x, y, "t")
    assert targets == ("y0", "y1")
    pd.testing.assert_frame_equal(table.frame, pd.DataFrame(COLUMNS | TARGETS))


def test_missing_values_of_every_kind_are_missing() -> None:
    masked = np.ma.masked_array(Y, mask=np.arange(2 * ROWS).reshape(-1, 2) % 7 == 0)
    nullable = pd.DataFrame(
        {"y0": pd.array([None, *Y[1:, 0]], "Float64"), "y1": pd.array([1, None, *[0] * 58], "Int64")}
    )
    for y in (masked, nullable):
        table, targets = table_of_frames(X, y, "t")
        assert all(table.frame[name].isna().any() for name in targets)
        assert all(table.frame[name].dtype == np.float64 for name in targets)


def test_declared_categories_and_flags_keep_their_meaning() -> None:
    x = pd.DataFrame({"a": pd.Categorical(np.arange(ROWS) % 3), "b": np.arange(ROWS) % 2 == 0})
    table, _ = table_of_frames(x, Y, "t")
    assert table.declared == {"a"}
    assert table.frame.b.dtype == bool


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X[:5], Y, "X has 5 rows and Y has 60"),
        (X, Y[:, :1], "at least two columns"),
        (X[None], Y, "X has 3 dimensions"),
        (pd.DataFrame(COLUMNS | {"y0": 1.0}), Y, "column 'y0' is in X and in Y"),
        (X, "text", "Y is a str"),
        (X, {"a": [1, 2], "b": [1]}, "1 to 2 rows"),
        (pd.DataFrame(X, columns=["a", "a", "b"]), Y, "two columns called 'a'"),
    ],
)
def test_what_is_no_table_is_one_sentence(x: Any, y: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        jointbench.compare(x, y, progress=False)


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(BadInput, match="groups has 3 values and X has 60 rows"):
        jointbench.compare(X, Y, groups=[1, 2, 3], progress=False)
    with pytest.raises(BadInput, match="kinds: Y has no column 'z'"):
        jointbench.compare(X, Y, kinds={"z": "binary"}, progress=False)


def test_columns_of_a_frame_are_left_out_and_numbers_are_names() -> None:
    x = pd.DataFrame({**COLUMNS, "code": np.arange(ROWS) % 3})
    frames = Frames(X=x, Y=pd.DataFrame(TARGETS), name="t", kinds={}, groups=np.arange(ROWS) % 9)
    data = frames_dataset(frames, TableOptions(drop=("x[01]",), categorical=("code",)))
    assert isinstance(data.features, pd.DataFrame)
    assert [str(kind) for kind in data.features.dtypes] == ["float64", "category"]
    assert {item.name for item in data.reading if item.role == "dropped"} == {"x0", "x1"}
    with pytest.raises(BadInput, match="--drop 'y0' is a --target too"):
        frames_dataset(frames, TableOptions(drop=("y0",)))
