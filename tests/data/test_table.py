"""A user's own file: read as they meant it, or refused in one sentence that names the file and the column."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jointbench.data.preprocess import encode
from jointbench.data.read_file import read_table
from jointbench.types import Dataset, Output
from tables import ROWS, csv, frame_of, loaded

# Kinds


@pytest.mark.parametrize(
    ("cells", "kind", "classes"),
    [
        ([0.5, 1.5, 2.0, 9.75], "regression", ()),
        ([i * 3 for i in range(ROWS)], "regression", ()),
        ([0.5, 1.5], "regression", ()),
        ([0, 1, 1], "binary", ("0", "1")),
        ([7, 3], "binary", ("3", "7")),
        (["yes", "no", "no"], "binary", ("no", "yes")),
        (["True", "False"], "binary", ("False", "True")),
        (["red", "green", "blue"], "multiclass", ("blue", "green", "red")),
    ],
)
def test_kinds_are_inferred(tmp_path: Path, cells: list[object], kind: str, classes: tuple[str, ...]) -> None:
    """Training yes/no as a number, or a number as classes, answers another question than was asked."""
    (output,) = loaded(csv(tmp_path / "t.csv", y=cells), ["y"]).outputs
    assert (output.name, output.kind, output.classes) == ("y", kind, classes)


@pytest.mark.parametrize(
    ("cells", "classes"),
    [(["yes", "no", ""], ("no", "yes")), (["True", "False", ""], ("False", "True"))],
)
def test_a_missing_label_does_not_change_the_kind(tmp_path: Path, cells: list[str], classes: tuple[str, ...]) -> None:
    """A true/false column with a gap is still two classes, not a number between 0 and 1."""
    data = loaded(csv(tmp_path / "t.csv", y=cells), ["y"])
    assert data.outputs == (Output("y", "binary", classes),)
    assert np.array_equal(np.isnan(data.targets["y"]), np.arange(ROWS) % 3 == 2)
    assert data.targets["y"][0] == 1.0


@pytest.mark.parametrize(
    ("asked", "cells", "expected"),
    [
        ("y:regression", [3, 4, 5], Output("y", "regression")),
        ("y:regression", [0, 1], Output("y", "regression")),
        ("y:multiclass", [3, 4, 5], Output("y", "multiclass", ("3", "4", "5"))),
        ("y:multiclass", [9, 10, 2], Output("y", "multiclass", ("2", "9", "10"))),
        ("y:multiclass", ["a", "b"], Output("y", "multiclass", ("a", "b"))),
        ("y:binary", [1, 2], Output("y", "binary", ("1", "2"))),
    ],
)
def test_a_kind_that_is_asked_for_wins(tmp_path: Path, asked: str, cells: list[object], expected: Output) -> None:
    """Numbered classes stand in the order of their numbers: 2, 9, 10."""
    assert loaded(csv(tmp_path / "t.csv", y=cells), [asked]).outputs == (expected,)


def test_codes_point_at_their_class_and_values_stay(tmp_path: Path) -> None:
    """A permuted coding would swap the classes' names in every table."""
    colours = ["red", "green", "", "blue"]
    data = loaded(csv(tmp_path / "t.csv", y=colours, v=[1.5, "", 2.5]), ["y", "v"])
    named = [data.outputs[0].classes[int(code)] if code == code else "" for code in data.targets["y"]]
    assert named == [colours[i % 4] for i in range(ROWS)]
    expected = [[1.5, np.nan, 2.5][i % 3] for i in range(ROWS)]
    assert np.array_equal(data.targets["v"], expected, equal_nan=True)


def test_outputs_stand_in_the_order_asked_for_and_leave_the_features(tmp_path: Path) -> None:
    """A target left among the features is predicted perfectly."""
    data = loaded(csv(tmp_path / "t.csv", a=[1.5, 2.5, 4], b=["p", "q"]), ["b", "a"])
    assert [output.name for output in data.outputs] == ["b", "a"]
    assert list(frame_of(data).columns) == ["x", "n"]
    assert data.rows == ROWS
    assert data.slug == "t"


# Features and keys


def test_numbers_and_names_are_told_apart(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", flag=["True", "False"], gap=[1, "", 3], code=["a1", "7", "b2"], y=[1.5, 2, 3])
    features = frame_of(loaded(path, ["y"]))
    names = [name for name in features if isinstance(features[name].dtype, pd.CategoricalDtype)]
    assert names == ["n", "code"]
    assert list(features["flag"][:3]) == [1.0, 0.0, 1.0]
    assert np.array_equal(features["gap"][:3], [1, np.nan, 3], equal_nan=True)


def test_a_missing_name_is_a_name_of_its_own(tmp_path: Path) -> None:
    features = frame_of(loaded(csv(tmp_path / "t.csv", c=["a", "", "b"], y=[1.5, 2, 3]), ["y"]))
    assert not features["c"].isna().any()
    assert features["c"].nunique() == 3
    assert len(set(features["c"][1::3])) == 1


def test_group_and_time_keys_are_read_and_are_no_features(tmp_path: Path) -> None:
    """A key among the features gives the group away; dates as text would sort 10 before 9."""
    path = csv(
        tmp_path / "t.csv",
        who=["ann", "bob", "cy"],
        day=[f"{10 - i % 10} March 2020" for i in range(10)],
        y=[1.5, 2, 3],
    )
    data = loaded(path, ["y"], group="who", time="day")
    assert list(frame_of(data).columns) == ["x", "n"]
    assert data.groups is not None
    assert data.time is not None
    assert [list(data.groups).index(code) for code in data.groups] == [i % 3 for i in range(ROWS)]
    assert list(np.argsort(data.time[:10])) == list(range(9, -1, -1))


def test_a_numeric_time_key_keeps_its_order(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", t=[3, 1, 2], y=[1.5, 2, 3]), ["y"], time="t")
    assert data.time is not None
    assert list(data.time[:3]) == [3, 1, 2]


# Files


def same(first: Dataset, other: Dataset) -> bool:
    return (
        frame_of(first).equals(frame_of(other))
        and first.outputs == other.outputs
        and all(np.array_equal(first.targets[k], other.targets[k], equal_nan=True) for k in first.targets)
    )


def test_one_table_in_every_format_is_one_dataset(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, "", 3], k=["a", "b"])
    text = path.read_text(encoding="utf-8")
    expected = loaded(path, ["y", "k"])
    (tmp_path / "semicolon.csv").write_text(text.replace(",", ";"), encoding="utf-8")
    (tmp_path / "tab.tsv").write_text(text.replace(",", "\t"), encoding="utf-8")
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "packed.csv.xz").write_bytes(lzma.compress(text.encode()))
    (tmp_path / "marked.csv").write_text(text, encoding="utf-8-sig")
    (tmp_path / "windows.csv").write_bytes(text.replace("\n", "\r\n").encode())
    pd.read_csv(path).to_parquet(tmp_path / "t.parquet")
    for name in (
        "semicolon.csv",
        "tab.tsv",
        "packed.csv.gz",
        "packed.csv.xz",
        "marked.csv",
        "windows.csv",
        "t.parquet",
    ):
        assert same(loaded(tmp_path / name, ["y", "k"]), expected), name


def test_a_comma_in_the_text_of_a_semicolon_file_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"{i}.5;{'salt, pepper' if i == 7 else 'salt'};{i * 2}.25" for i in range(ROWS)]
    path.write_text("\n".join(["x;spice;y", *lines]), encoding="utf-8")
    data = loaded(path, ["y"])
    assert list(frame_of(data).columns) == ["x", "spice"]
    assert data.rows == ROWS


def test_rows_of_a_filtered_parquet_file_stay_where_they_were(tmp_path: Path) -> None:
    """pandas keeps the row numbers of what it filtered; features must not be aligned by them into twice the rows."""
    frame = pd.DataFrame({"n": ["a", "b", "c", "d"] * 10, "x": np.arange(40.0), "y": np.arange(40.0) * 2})
    frame[frame["x"] % 4 != 1].to_parquet(tmp_path / "t.parquet")
    data = loaded(tmp_path / "t.parquet", ["y"])
    features = frame_of(data)
    assert len(features) == len(data.targets["y"]) == 30
    assert not features.isna().any().any()
    assert np.array_equal(features["x"] * 2, data.targets["y"])
    assert list(features["n"][:3]) == ["a", "c", "d"]


def test_row_names_without_a_header_do_not_double_the_rows(tmp_path: Path) -> None:
    """R's `write.table(sep = ",")` puts a row name before each row and none in the header."""
    path = tmp_path / "t.csv"
    path.write_text(
        "n,x,y\n" + "".join(f'"row{i}","{"ab"[i % 2]}",{i},{i * 2}\n' for i in range(ROWS)), encoding="utf-8"
    )
    data = loaded(path, ["y"])
    assert data.rows == len(data.targets["y"]) == ROWS
    assert np.array_equal(frame_of(data)["x"] * 2, data.targets["y"])


def test_a_missing_date_in_a_parquet_file_is_missing(tmp_path: Path) -> None:
    """Not the year -292 thousand, which would drown the real dates when standardised."""
    dates = pd.to_datetime(["2020-01-01", "NaT", "2020-01-03"] * 10)
    pd.DataFrame({"when": dates, "x": np.arange(30.0), "y": np.arange(30.0)}).to_parquet(tmp_path / "t.parquet")
    features = frame_of(loaded(tmp_path / "t.parquet", ["y"]))
    assert np.array_equal(features["when"].isna(), dates.isna())
    first, later = encode(features, np.arange(30))[[0, 2], 0]
    assert later - first > 1


def test_nullable_columns_of_a_parquet_file_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "flag": pd.array([True, None, False] * 10, dtype="boolean"),
            "whole": pd.array([1, 2, None] * 10, dtype="Int64"),
            "y": pd.array([True, False, None] * 10, dtype="boolean"),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    data = loaded(tmp_path / "t.parquet", ["y"])
    assert data.outputs == (Output("y", "binary", ("False", "True")),)
    assert np.array_equal(data.targets["y"][:3], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(frame_of(data)["flag"][:3], [1, np.nan, 0], equal_nan=True)
    assert np.array_equal(frame_of(data)["whole"][:3], [1, 2, np.nan], equal_nan=True)


# Columns that cannot be used


# Names


@settings(deadline=None, max_examples=50)
@given(st.lists(st.none() | st.just(0.0) | st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30), min_size=3, max_size=12))
def test_numbers_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, cells: list[float | None]) -> None:
    """No rounding on the way from the file, gaps included."""
    assume(any(cell is not None for cell in cells) and len(set(cells)) > 1)  # a constant is left out
    path = tmp_path_factory.mktemp("numbers") / "t.csv"
    lines = [f"{'' if cell is None else repr(cell)},{i}.5" for i, cell in enumerate(cells)]
    path.write_text("\n".join(["x,y", *lines]) + "\n", encoding="utf-8")
    expected = [np.nan if cell is None else cell for cell in cells]
    assert frame_of(loaded(path, ["y"]))["x"].to_numpy() == pytest.approx(expected, rel=1e-13, nan_ok=True)


def test_reading_keeps_every_column(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, 2, 3])
    assert list(read_table(path).frame.columns) == ["x", "n", "y"]
