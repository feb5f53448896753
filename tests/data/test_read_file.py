"""From a file's name and bytes to columns: formats, layouts, and files that are no table."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jointbench.data.raw_table import RawTable
from jointbench.data.read_file import read_table
from jointbench.errors import BadInput
from tables import ROWS, csv, frame_of, loaded, refusal

TEXT = "x,n,y\n" + "".join(f"{i}.5,{'ab'[i % 2]},{i * 2}\n" for i in range(30))


def written(path: Path, content: bytes | str) -> RawTable:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_table(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def zipped(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.CSV", TEXT.encode()),
        ("t.CSV.GZ", gzip.compress(TEXT.encode())),
        ("t.csv.Xz", lzma.compress(TEXT.encode())),
        ("t.csv.bz2", bz2.compress(TEXT.encode())),
        ("t.csv.zip", zipped(t=TEXT.encode())),
        ("t.data", TEXT.replace(",", "|").encode()),
        ("t.txt", TEXT.replace(",", "\t").encode()),
        ("t", TEXT.replace(",", ";").encode()),
        ("utf16.csv", TEXT.encode("utf-16")),
        ("mac.csv", TEXT.replace("\n", "\r").encode()),
        ("quoted.csv", TEXT.replace("a", '"a"').encode()),
        ("no end.csv", TEXT.rstrip("\n").encode()),
        ("blank lines.csv", TEXT.replace("\n", "\n\n").encode()),
    ],
)
def test_text_tables_of_every_kind_are_the_same_table(tmp_path: Path, name: str, content: bytes) -> None:
    table = written(tmp_path / name, content)
    assert table.frame.to_dict("list") == read_table_of(TEXT, tmp_path).frame.to_dict("list")
    assert table.remarks == ()


def read_table_of(text: str, folder: Path) -> RawTable:
    return written(folder / "plain.csv", text)


def test_suffixes_in_capitals_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5], "n": ["a", "b"]})
    frame.to_parquet(tmp_path / "T.PARQUET")
    frame.to_excel(tmp_path / "small.xlsx", index=False)
    (tmp_path / "small.xlsx").rename(tmp_path / "T.XLSX")
    for name in ("T.PARQUET", "T.XLSX"):
        assert read_table(tmp_path / name).frame.to_dict("list") == frame.to_dict("list")


def tar_of(mode: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload] # one of tarfile's modes
        member = tarfile.TarInfo("t.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("t.tar", "w"),
        ("t.tar.gz", "w:gz"),
        ("t.tgz", "w:gz"),
        ("t.TAR.XZ", "w:xz"),
        ("t.tar.bz2", "w:bz2"),
        ("renamed.csv.gz", "w:gz"),
        ("renamed.csv.xz", "w:xz"),
    ],
)
def test_an_archive_is_refused_as_one(tmp_path: Path, name: str, mode: str) -> None:
    assert "archive" in refused(tmp_path / name, tar_of(mode))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("two.zip", zipped(a=b"x,y\n1,2\n", b=b"x,y\n1,2\n"), "2 files"),
        ("t.xls", b"\xd0\xcf\x11\xe0", ".xls files are not read"),
        ("t.json", b"[]", ".json files are not read"),
        ("t.pkl", b"cos\nsystem\n(S'true'\ntR.", ".pkl files are not read"),
        ("short row.csv", b"x,y,z\n1,2,3\n4,5\n6,7,8\n", "2 fields where the others have 3"),
        ("one column.csv", b"x y z\n1 2 3\n4 5 6\n", "one field in each row"),
        ("no western.csv", b"x,y\n1,2\n\x81,1\n", "UTF-8"),
        ("late.csv", b"x,y\n" + b"abcd,1\n" * 200_000 + b"\xe9\x81,1\n", "UTF-8"),
        ("utf-16.csv", "x,y\n1,2\n".encode("utf-16") + b"\x00\xd8", "UTF-8"),
        ("binary.csv", bytes(range(256)) * 4, "binary"),
        ("no.xlsx", b"PK\x03\x04 cut off", "spreadsheet"),
        ("no.arff", b"@relation t\n@attribute a string\n@data\n'x'\n", "ARFF"),
        ("wide.csv", b",".join(b"c%d" % i for i in range(30_000)) + b"\n", "30,000 columns"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    assert says in refused(tmp_path / name, content)


@pytest.mark.parametrize("before", [b"", b"x,y\n1,2\n"])
def test_a_huge_line_of_commas_is_refused_at_once(tmp_path: Path, before: bytes) -> None:
    begun = time.monotonic()
    refused(tmp_path / "commas.csv", before + b"," * 10_000_000 + b"\n")
    assert time.monotonic() - begun < 5  # it took three minutes and 2.4 GB


def test_a_name_that_is_too_long_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"cannot be read"):
        read_table(Path("x" * 5000 + ".csv"))


def test_a_header_that_is_repeated_among_the_rows_is_left_out(tmp_path: Path) -> None:
    """Files joined with `cat` turn every column of numbers into names."""
    data = csv(tmp_path / "t.csv", y=[1.5, 2, 3])
    data.write_text(data.read_text() * 2)
    dataset = loaded(data, ["y"])
    assert dataset.rows == 2 * ROWS
    assert frame_of(dataset)["x"].dtype == float
    assert any("header is repeated in 1 row (first in data row 31)" in note for note in dataset.notes)


def test_a_title_above_the_header_is_said(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "Report, made in May\nall numbers in EUR\n\n" + TEXT)
    assert list(table.frame.columns) == ["x", "n", "y"]
    assert len(table.frame) == 30
    assert "Report, made in May" in table.remarks[0]


def test_a_quote_mark_that_swallows_rows_is_said(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    lines[4], lines[9] = lines[4].replace("a", '"a').replace("b", '"b'), lines[9].replace("a", 'a"').replace("b", 'b"')
    table = written(tmp_path / "t.csv", "\n".join(lines) + "\n")
    assert len(table.frame) < 30
    assert any("line breaks" in remark for remark in table.remarks)


def test_the_index_of_a_parquet_file_is_said_when_dropped_and_kept_when_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5], "n": ["a", "b", "a"]}, index=[5, 7, 9])
    frame.to_parquet(tmp_path / "nameless.parquet")
    frame.rename_axis("day").to_parquet(tmp_path / "named.parquet")
    nameless, named = read_table(tmp_path / "nameless.parquet"), read_table(tmp_path / "named.parquet")
    assert list(nameless.frame.columns) == ["x", "n"]
    assert "index" in nameless.remarks[0]
    assert named.frame["day"].tolist() == [5, 7, 9]


def test_parquet_types_become_numbers_names_and_times(tmp_path: Path) -> None:
    columns = {
        "decimal": pa.array([Decimal("1.25"), None], pa.decimal128(10, 2)),
        "half": pa.array([1.5, None], pa.float16()),
        "unsigned": pa.array([2**63 + 1, None], pa.uint64()),
        "clock": pa.array([5_400, None], pa.time32("s")),
        "lasted": pa.array([90, None], pa.duration("s")),
        "kind": pa.array(["a", None]).dictionary_encode(),
        "blank": pa.array([" a ", " "]),
        "day": pa.array([date(2020, 1, 2), None]),
        "nothing": pa.nulls(2),
        "zoned": pa.array([datetime(2020, 1, 1), None], pa.timestamp("ns", "Europe/Rome")),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    first = table.frame.iloc[0].to_dict()
    assert (first["decimal"], first["half"], first["clock"], first["lasted"]) == (1.25, 1.5, 1.5, 90)
    assert (first["unsigned"], first["kind"], first["blank"]) == (2**63 + 1, "a", "a")
    assert (first["day"], str(first["zoned"])) == (pd.Timestamp("2020-01-02"), "2020-01-01 01:00:00+01:00")
    assert table.frame.iloc[1].isna().all() if len(table.frame) > 1 else "1 empty row" in " ".join(table.remarks)
    assert table.declared == {"kind"}


@pytest.mark.parametrize(
    "values",
    [
        pa.array([{"a": 1}, None]),
        pa.array([[1], None]),
        pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
        pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int8())),
        pa.array([b"x", None]),
        pa.array([b"xy", None], pa.binary(2)),
    ],
    ids=lambda values: str(values.type),
)
def test_columns_of_several_values_are_refused_by_name(tmp_path: Path, values: pa.Array) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [1, 2], "y": [0.5, 1.5], "odd": values}), path)
    for targets in (["y"], ["odd"]):
        assert "'odd'" in refusal(path, targets)


def test_a_spreadsheet_is_read_from_its_first_filled_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("values")
    rows: list[list[object]] = [["A report"], [], ["x", "when", "flag", "mixed", None]]
    rows += [[i, datetime(2020, 1, 1 + i), bool(i % 2), i if i else "few"] for i in range(5)]
    for row in rows:
        book["values"].append(row)
    book["values"]["A6"] = "#N/A"
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert list(table.frame.columns) == ["x", "when", "flag", "mixed"]
    assert table.frame["x"].tolist() == ["0", "1", "#N/A", "3", "4"]
    assert table.frame["when"].tolist() == [pd.Timestamp(2020, 1, 1 + i) for i in range(5)]
    assert table.frame["flag"].tolist() == [False, True, False, True, False]
    assert table.frame["mixed"].tolist() == ["few", "1", "2", "3", "4"]
    assert "'values'" in table.remarks[0] and "above" in table.remarks[1]


def test_arff_says_which_columns_are_categories(tmp_path: Path) -> None:
    lines = ["@relation t", "@attribute x numeric", "@attribute 'a grade' {1,2}", "@data", "1.5,1", "?,2", "2.5,?"]
    table = written(tmp_path / "t.arff", "\n".join(lines) + "\n")
    assert table.declared == {"a grade"}
    assert table.frame["a grade"].tolist()[:2] == ["1", "2"]
    assert table.frame.isna().sum().tolist() == [1, 1]
