"""A user's own file: read as they meant it, or refused in one sentence that names the file and the column."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.preprocess import encode
from jointbench.data.table import load_table, read_table
from jointbench.errors import BadInput
from jointbench.types import Dataset, Output

ROWS = 30


def csv(path: Path, **columns: Sequence[object]) -> Path:
    """A CSV with feature columns x (number) and n (name) and the given others, their cells repeated to 30 rows."""
    table = {"x": [f"{i}.25" for i in range(ROWS)], "n": ["left" if i % 3 else "right" for i in range(ROWS)]}
    for name, cells in columns.items():
        table[name] = [str(cells[i % len(cells)]) for i in range(ROWS)]
    lines = [",".join(table), *(",".join(cells) for cells in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def frame_of(data: Dataset) -> pd.DataFrame:
    assert isinstance(data.features, pd.DataFrame)
    return data.features


def refusal(path: Path, targets: Sequence[str], group: str | None = None, time: str | None = None) -> str:
    """The sentence that a user reads; it must name the file and be one line."""
    with pytest.raises(BadInput) as caught:
        load_table(path, targets, group, time)
    message = str(caught.value)
    assert "\n" not in message
    return message


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
    (output,) = load_table(csv(tmp_path / "t.csv", y=cells), ["y"]).outputs
    assert (output.name, output.kind, output.classes) == ("y", kind, classes)


@pytest.mark.parametrize(
    ("cells", "classes"),
    [(["yes", "no", ""], ("no", "yes")), (["True", "False", ""], ("False", "True"))],
)
def test_a_missing_label_does_not_change_the_kind(tmp_path: Path, cells: list[str], classes: tuple[str, ...]) -> None:
    """A true/false column with a gap is still two classes, not a number between 0 and 1."""
    data = load_table(csv(tmp_path / "t.csv", y=cells), ["y"])
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
    assert load_table(csv(tmp_path / "t.csv", y=cells), [asked]).outputs == (expected,)


def test_codes_point_at_their_class_and_values_stay(tmp_path: Path) -> None:
    """A permuted coding would swap the classes' names in every table."""
    colours = ["red", "green", "", "blue"]
    data = load_table(csv(tmp_path / "t.csv", y=colours, v=[1.5, "", 2.5]), ["y", "v"])
    named = [data.outputs[0].classes[int(code)] if code == code else "" for code in data.targets["y"]]
    assert named == [colours[i % 4] for i in range(ROWS)]
    expected = [[1.5, np.nan, 2.5][i % 3] for i in range(ROWS)]
    assert np.array_equal(data.targets["v"], expected, equal_nan=True)


def test_outputs_stand_in_the_order_asked_for_and_leave_the_features(tmp_path: Path) -> None:
    """A target left among the features is predicted perfectly."""
    data = load_table(csv(tmp_path / "t.csv", a=[1.5, 2.5, 4], b=["p", "q"]), ["b", "a"])
    assert [output.name for output in data.outputs] == ["b", "a"]
    assert list(frame_of(data).columns) == ["x", "n"]
    assert data.rows == ROWS
    assert data.slug == "t"


# Features and keys


def test_numbers_and_names_are_told_apart(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", flag=["True", "False"], gap=[1, "", 3], code=["a1", "7", "b2"], y=[1.5, 2, 3])
    features = frame_of(load_table(path, ["y"]))
    names = [name for name in features if isinstance(features[name].dtype, pd.CategoricalDtype)]
    assert names == ["n", "code"]
    assert list(features["flag"][:3]) == [1.0, 0.0, 1.0]
    assert np.array_equal(features["gap"][:3], [1, np.nan, 3], equal_nan=True)


def test_a_missing_name_is_a_name_of_its_own(tmp_path: Path) -> None:
    features = frame_of(load_table(csv(tmp_path / "t.csv", c=["a", "", "b"], y=[1.5, 2, 3]), ["y"]))
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
    data = load_table(path, ["y"], group="who", time="day")
    assert list(frame_of(data).columns) == ["x", "n"]
    assert data.groups is not None
    assert data.time is not None
    assert [list(data.groups).index(code) for code in data.groups] == [i % 3 for i in range(ROWS)]
    assert list(np.argsort(data.time[:10])) == list(range(9, -1, -1))


def test_a_numeric_time_key_keeps_its_order(tmp_path: Path) -> None:
    data = load_table(csv(tmp_path / "t.csv", t=[3, 1, 2], y=[1.5, 2, 3]), ["y"], time="t")
    assert data.time is not None
    assert list(data.time[:3]) == [3, 1, 2]


# Files


def same(one: Dataset, other: Dataset) -> bool:
    return (
        frame_of(one).equals(frame_of(other))
        and one.outputs == other.outputs
        and all(np.array_equal(one.targets[k], other.targets[k], equal_nan=True) for k in one.targets)
    )


def test_one_table_in_every_format_is_one_dataset(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, "", 3], k=["a", "b"])
    text = path.read_text(encoding="utf-8")
    wanted = load_table(path, ["y", "k"])
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
        assert same(load_table(tmp_path / name, ["y", "k"]), wanted), name


def test_a_comma_in_the_text_of_a_semicolon_file_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"{i}.5;{'salt, pepper' if i == 7 else 'salt'};{i * 2}.25" for i in range(ROWS)]
    path.write_text("\n".join(["x;spice;y", *lines]), encoding="utf-8")
    data = load_table(path, ["y"])
    assert list(frame_of(data).columns) == ["x", "spice"]
    assert data.rows == ROWS


def test_rows_of_a_filtered_parquet_file_stay_where_they_were(tmp_path: Path) -> None:
    """pandas keeps the row numbers of what it filtered; features must not be aligned by them into twice the rows."""
    frame = pd.DataFrame({"n": ["a", "b", "c", "d"] * 10, "x": np.arange(40.0), "y": np.arange(40.0) * 2})
    frame[frame["x"] % 4 != 1].to_parquet(tmp_path / "t.parquet")
    data = load_table(tmp_path / "t.parquet", ["y"])
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
    data = load_table(path, ["y"])
    assert data.rows == len(data.targets["y"]) == ROWS
    assert np.array_equal(frame_of(data)["x"] * 2, data.targets["y"])


def test_a_missing_date_in_a_parquet_file_is_missing(tmp_path: Path) -> None:
    """Not the year -292 thousand, which would drown the real dates when standardised."""
    dates = pd.to_datetime(["2020-01-01", "NaT", "2020-01-03"] * 10)
    pd.DataFrame({"when": dates, "x": np.arange(30.0), "y": np.arange(30.0)}).to_parquet(tmp_path / "t.parquet")
    features = frame_of(load_table(tmp_path / "t.parquet", ["y"]))
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
    data = load_table(tmp_path / "t.parquet", ["y"])
    assert data.outputs == (Output("y", "binary", ("False", "True")),)
    assert np.array_equal(data.targets["y"][:3], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(frame_of(data)["flag"][:3], [1, np.nan, 0], equal_nan=True)
    assert np.array_equal(frame_of(data)["whole"][:3], [1, 2, np.nan], equal_nan=True)


HEADER = b"x,y\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "is empty"),
        ("header.csv", HEADER, "no rows"),
        ("binary.csv", bytes(range(256)) * 4, "cannot be read"),
        ("latin.csv", "x,y\ncaf\u00e9,1\n".encode("latin-1"), "cannot be read"),
        ("ragged.csv", HEADER + b"1,2\n1,2,3,4\n", "cannot be read"),
        ("no.csv.gz", b"not packed", "cannot be read"),
        ("no.csv.xz", b"not packed", "cannot be read"),
        ("no.csv.zip", b"not packed", "cannot be read"),
        ("short.csv.gz", gzip.compress(HEADER + bytes(range(48, 58)) * 900, mtime=0)[:-12], "cannot be read"),
        ("short.csv.xz", lzma.compress(HEADER + bytes(range(48, 58)) * 900)[:-12], "cannot be read"),
        ("damaged.csv.gz", gzip.compress(HEADER, mtime=0)[:10] + b"\xff" * 20, "cannot be read"),
        ("empty.parquet", b"", "cannot be read"),
        ("text.parquet", HEADER + b"1,2\n", "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_table_is_one_sentence(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """Never a traceback: exit code 2 and the file's name."""
    path = tmp_path / name
    path.write_bytes(content)
    message = refusal(path, ["y"])
    assert str(path) in message
    assert says in message


def test_a_file_that_is_not_there_or_a_folder_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        assert f"{path}: there is no such file" in refusal(path, ["y"])


def test_a_parquet_file_without_rows_is_one_sentence(tmp_path: Path) -> None:
    pd.DataFrame({"x": [], "y": []}).to_parquet(tmp_path / "t.parquet")
    assert "no rows" in refusal(tmp_path / "t.parquet", ["y"])


# Columns that cannot be used


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (["z"], ("'z'", "x, n, y, k")),
        (["z:regression"], ("'z'",)),
        (["Y"], ("'Y'",)),
        (["y", "y"], ("'y'", "twice")),
        (["y", "y:regression"], ("'y'", "twice")),
        (["y:number"], ("'y:number'", "regression, binary or multiclass")),
        (["n:regression"], ("'n'", "text 'right'", "data row 1")),
        (["n", "x", "y", "k"], ("no feature column",)),
        ([], ("--target",)),
        (["k:binary"], ("'k'", "3 classes", "k:multiclass")),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused_by_name(
    tmp_path: Path, targets: list[str], says: tuple[str, ...]
) -> None:
    message = refusal(csv(tmp_path / "t.csv", y=[1.5, 2, 3], k=["a", "b", "c"]), targets)
    for part in says:
        assert part in message
    assert "t.csv" in message or "--target" in message


@pytest.mark.parametrize("cells", [["5"], ["word"], ["5", ""], [""], ["True"]])
@pytest.mark.parametrize("kind", ["", ":regression", ":binary", ":multiclass"])
def test_a_target_with_one_value_is_refused_by_name(tmp_path: Path, cells: list[str], kind: str) -> None:
    message = refusal(csv(tmp_path / "t.csv", y=cells), ["y" + kind])
    assert "t.csv" in message
    assert "'y'" in message
    assert "one value" in message


@pytest.mark.parametrize(("column", "target"), [("y", "y"), ("f", "y")])
def test_a_stray_text_among_numbers_is_shown_with_its_row(tmp_path: Path, column: str, target: str) -> None:
    """One `?` in a thousand numbers must not quietly turn a number into a thousand names."""
    cells = [*range(20), "?", *range(30, 39)]
    columns: dict[str, list[object]] = {"y": [1.5, 2, 3], "f": [1, 2, 3], column: cells}
    message = refusal(csv(tmp_path / "t.csv", **columns), [target])
    for part in ("t.csv", f"'{column}'", "'?'", "data row 21", "number"):
        assert part in message


@pytest.mark.parametrize("value", ["inf", "-inf", "1e999"])
@pytest.mark.parametrize("column", ["y", "f"])
def test_an_infinite_value_is_shown_with_its_row(tmp_path: Path, value: str, column: str) -> None:
    columns: dict[str, list[object]] = {"y": [1.5, 2, 3], "f": [1, 2, 3], column: [*range(12), value, *range(13, 30)]}
    message = refusal(csv(tmp_path / "t.csv", **columns), ["y:regression"])
    for part in ("t.csv", f"'{column}'", "infinite", "data row 13"):
        assert part in message


def test_text_with_too_many_classes_is_refused_by_name(tmp_path: Path) -> None:
    """A column of identifiers is no target."""
    message = refusal(csv(tmp_path / "t.csv", y=[f"id{i}" for i in range(ROWS)]), ["y"])
    for part in ("t.csv", "'y'", "30", "20"):
        assert part in message


@pytest.mark.parametrize("key", ["group", "time"])
def test_a_missing_key_column_is_refused_by_name(tmp_path: Path, key: str) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, 2, 3])
    message = refusal(path, ["y"], group="g" if key == "group" else None, time="g" if key == "time" else None)
    assert "t.csv" in message
    assert "'g'" in message


@pytest.mark.parametrize("cells", [["1", "", "3"], ["2020-01-01", "soon", "2020-01-03"]])
def test_a_time_that_is_none_is_shown_with_its_row(tmp_path: Path, cells: list[str]) -> None:
    message = refusal(csv(tmp_path / "t.csv", when=cells, y=[1.5, 2, 3]), ["y"], time="when")
    for part in ("t.csv", "'when'", "data row 2"):
        assert part in message


def test_a_wide_table_is_not_listed_whole(tmp_path: Path) -> None:
    """One sentence, not a screenful of 500 column names."""
    path = tmp_path / "t.csv"
    pd.DataFrame(np.ones((3, 500)), columns=[f"column{i}" for i in range(500)]).to_csv(path, index=False)
    message = refusal(path, ["z"])
    assert len(message) < 400 + len(str(path))
    assert "488 more" in message


# Names


HOSTILE = [
    "a:regression",
    "x[0]",
    "<b>&amp;</b>",
    "a,b|c@d",
    "{y}",
    "%s",
    " padded ",
    "\u00e9\U0001f642",
    "__class__",
    "'quoted\"",
    "0",
    "row",
    "C:\\new",
    "tab\tbed",
    "two\nlines",
    "jointbench",
    "nan",
    "-1e9",
]


def hostile_file(path: Path, names: Sequence[str]) -> Path:
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(ROWS, len(names))), columns=list(names)).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_column_of_any_name_can_be_a_target_or_a_feature(tmp_path: Path, name: str) -> None:
    path = hostile_file(tmp_path / "t.csv", [name, "plain", "other"])
    data = load_table(path, [name])
    assert data.outputs == (Output(name, "regression"),)
    assert list(frame_of(data).columns) == ["plain", "other"]
    features = frame_of(load_table(path, ["plain"]))
    assert list(features.columns) == [name, "other"]
    assert encode(features, np.arange(20)).shape == (ROWS, 2)
    assert load_table(path, [f"{name}:regression"]).outputs[0].name == name


def test_a_column_named_like_a_target_with_its_kind_is_that_column(tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "t.csv", ["y", "y:regression", "x"])
    assert load_table(path, ["y:regression"]).outputs[0].name == "y:regression"
    assert load_table(path, ["y:regression:regression", "y"]).outputs[0].name == "y:regression"


def test_all_hostile_names_at_once_are_features(tmp_path: Path) -> None:
    features = frame_of(load_table(hostile_file(tmp_path / "t.csv", [*HOSTILE, "y"]), ["y"]))
    assert list(features.columns) == HOSTILE
    assert encode(features, np.arange(20)).shape == (ROWS, len(HOSTILE))


def test_a_refusal_stays_one_line_whatever_columns_are_called(tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "t.csv", ["two\nlines", "y"])
    assert "'z'" in refusal(path, ["z"])


def test_a_repeated_column_name_loses_no_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,x,y\n" + "".join(f"{i},{-i},{i * 2}.5\n" for i in range(ROWS)), encoding="utf-8")
    features = frame_of(load_table(path, ["y"]))
    assert features.shape == (ROWS, 2)
    assert np.array_equal(features.iloc[:, 0], -features.iloc[:, 1])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.floats(-1e30, 1e30), st.none()), min_size=3, max_size=12))
def test_numbers_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, cells: list[float | None]) -> None:
    """No rounding on the way from the file, gaps included."""
    path = tmp_path_factory.mktemp("numbers") / "t.csv"
    lines = [f"{'' if cell is None else repr(cell)},{i}.5" for i, cell in enumerate(cells)]
    path.write_text("\n".join(["x,y", *lines]) + "\n", encoding="utf-8")
    expected = [np.nan if cell is None else cell for cell in cells]
    assert frame_of(load_table(path, ["y"]))["x"].to_numpy() == pytest.approx(expected, rel=1e-13, nan_ok=True)


def test_reading_keeps_every_column(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, 2, 3])
    assert list(read_table(path).columns) == ["x", "n", "y"]
