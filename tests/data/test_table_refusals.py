"""Tables that cannot be used: one sentence each, with the file, the column and the row."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tables import ROWS, csv, refusal

HEADER = b"x,y\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "is empty"),
        ("header.csv", HEADER, "no rows"),
        ("binary.csv", bytes(range(256)) * 4, "cannot be read"),
        ("latin.csv", HEADER + b"\x81,1\n", "cannot be read"),
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
    path = tmp_path / "nowhere.csv"
    assert f"{path}: there is no such file" in refusal(path, ["y"])
    assert f"{tmp_path} is a folder; name the table in it" in refusal(tmp_path, ["y"])


def test_a_parquet_file_without_rows_is_one_sentence(tmp_path: Path) -> None:
    pd.DataFrame({"x": [], "y": []}).to_parquet(tmp_path / "t.parquet")
    assert "no rows" in refusal(tmp_path / "t.parquet", ["y"])


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
    """One `<3` in a thousand numbers must not quietly turn a number into a thousand names."""
    cells = [*range(20), "<3", *range(30, 39)]
    columns: dict[str, list[object]] = {"y": [1.5, 2, 3], "f": [1, 2, 3], column: cells}
    message = refusal(csv(tmp_path / "t.csv", **columns), [target])
    for part in ("t.csv", f"'{column}'", "'<3'", "data row 21", "number"):
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
    for part in ("t.csv", "'y'", "30 different names in 30 rows"):
        assert part in message
    path = tmp_path / "u.csv"
    path.write_text("x,y\n" + "".join(f"{i}.5,n{i % 300}\n" for i in range(900)), encoding="utf-8")
    assert "300 different values; at most 200 classes are supported" in refusal(path, ["y"])


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
