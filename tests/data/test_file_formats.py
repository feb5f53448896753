"""Feather, JSON Lines, compressed text and its limit, encodings, and what is said of a file's layout."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather

from jointbench.data import decompressed
from jointbench.data.raw_table import RawTable
from jointbench.data.read_file import read_table
from jointbench.errors import BadInput
from jointbench.report.reading import reading_lines
from tables import csv, loaded

FRAME = pd.DataFrame({"x": [1.5, 2.5, 4.0], "n": ["a", None, "b"], "k": [1, 2, 3]})
JSON = FRAME.to_json(orient="records", lines=True).encode()


def zstandard(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard}


def written(path: Path, content: bytes) -> RawTable:
    path.write_bytes(content)
    return read_table(path)


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_table(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["t.feather", "t.ARROW"])
@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_feather_is_read_as_parquet_is(tmp_path: Path, name: str, compression: str) -> None:
    frame = FRAME.assign(n=pd.Categorical(FRAME.n), when=pd.to_datetime(["2020-01-01", None, "2021-01-01"]))
    feather.write_feather(pa.Table.from_pandas(frame), tmp_path / name, compression=compression)
    frame.to_parquet(tmp_path / "t.parquet")
    table, expected = read_table(tmp_path / name), read_table(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(table.frame, expected.frame)
    assert table.declared == expected.declared == {"n"}
    assert table.layout == "Feather"


def test_lists_in_a_feather_file_are_refused_by_name(tmp_path: Path) -> None:
    feather.write_feather(pa.table({"x": [1, 2], "odd": [[1], [2]]}), tmp_path / "t.feather")
    with pytest.raises(BadInput, match="'odd'"):
        read_table(tmp_path / "t.feather")


@pytest.mark.parametrize("name", ["t.jsonl", "t.NDJSON", "t.jsonl.gz", "t.jsonl.zst", "t.jsonl.xz", "t.ndjson.bz2"])
def test_json_lines_are_the_table(tmp_path: Path, name: str) -> None:
    packed = PACKERS.get(Path(name).suffix, bytes)(JSON)
    table = written(tmp_path / name, packed)
    assert table.frame["x"].tolist() == [1.5, 2.5, 4]
    assert table.frame["n"].isna().tolist() == [False, True, False]
    assert table.layout == "JSON Lines"


def test_json_lines_may_lack_names_and_hold_nothing_but_json(tmp_path: Path) -> None:
    lines = [{"a": 1, "b": True}, {"b": False, "c": "2020-01-02"}, {"a": 2.5, "c": None, "d": " "}]
    table = written(tmp_path / "t.jsonl", "\r\n".join(map(json.dumps, lines)).encode())
    assert list(table.frame.columns) == ["a", "b", "c", "d"]
    assert table.frame["a"].tolist()[::2] == [1, 2.5]
    assert table.frame.isna().sum().to_dict() == {"a": 1, "b": 1, "c": 2, "d": 3}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a": 1, "in": {"b": 1}}\n', "column 'in' holds objects"),
        (b'{"a": 1, "in": [1, 2]}\n', "column 'in' holds lists"),
        (b'{"a": 1}\n{"a": "x"}\n', "column 'a' holds number in one line and string in another"),
        (b'{"a": 1}\n{"a": [1]}\n', "column 'a' holds number in one line and list in another"),
        (b'[{"a": 1}]\n', "one JSON list"),
        (b'{"a": 1}\n5\n', "a line that is no object"),
        (b'{"a": 1}\n{"a": \n', "JSON Lines"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b'{"a": 1, "a": 2}\n', "specified twice"),
        ('{"a": 1}\n'.encode("utf-16"), "UTF-16"),
        ((b'{"a": "' + b"x" * 13_000_000 + b'"}\n') * 2, "a line is longer than"),
    ],
)
def test_json_lines_that_are_no_table_say_why(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refused(tmp_path / "t.jsonl", content)


def test_zstandard_is_read_and_damage_is_said(tmp_path: Path) -> None:
    text = FRAME.to_csv(index=False).encode()
    assert written(tmp_path / "t.csv.zst", zstandard(text)).frame["x"].tolist() == ["1.5", "2.5", "4.0"]
    assert "cannot be read" in refused(tmp_path / "no.csv.zst", b"not packed")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_a_file_that_decompresses_to_too_much_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompressed, "MOST_BYTES", 1_000_000)
    text = b"x,y\n" + b"1,2\n" * 200_000
    path = tmp_path / f"t.csv{suffix}"
    packed = zipped("t.csv", text * 2) if suffix == ".zip" else PACKERS[suffix](text * 2)
    assert len(packed) < 10_000
    assert "decompresses to more than" in refused(path, packed)
    packed = zipped("t.csv", text) if suffix == ".zip" else PACKERS[suffix](text)
    assert len(written(path, packed).frame) == 200_000


def test_json_lines_have_the_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompressed, "MOST_BYTES", 1_000_000)
    assert "decompresses to more than" in refused(tmp_path / "t.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 200_000))


@pytest.mark.parametrize("name", ["../../up.csv", "/up.csv", "..\\up.csv", "a/b.csv"])
def test_where_a_zip_member_would_go_does_not_matter(tmp_path: Path, name: str) -> None:
    """Members are read in memory: nothing is written anywhere."""
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    table = written(folder / "t.zip", zipped(name, FRAME.to_csv(index=False).encode()))
    assert len(table.frame) == 3
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["t.zip"]
    assert not Path("/up.csv").exists()


def test_a_zip_of_json_lines_is_one_and_of_a_spreadsheet_is_refused(tmp_path: Path) -> None:
    assert written(tmp_path / "t.zip", zipped("t.jsonl", JSON)).layout == "JSON Lines"
    assert "compressed .xlsx file; unpack it" in refused(tmp_path / "u.zip", zipped("t.xlsx", b""))


def test_a_locked_zip_is_one_sentence(tmp_path: Path) -> None:
    packed = bytearray(zipped("t.csv", b"x,y\n1,2\n"))
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.find(header) + offset] |= 1  # the bit that says "encrypted"
    assert "password" in refused(tmp_path / "t.zip", bytes(packed))


@pytest.mark.parametrize("late", [0, 300_000])
def test_text_that_is_not_utf_8_is_western_and_said_so(tmp_path: Path, late: int) -> None:
    text = b"x;n\n" + b"1;abc\n" * late + "2;5 € für Öl\n3;b\n".encode("cp1252")
    table = written(tmp_path / "t.csv", text)
    assert table.frame["n"].iloc[-2] == "5 € für Öl"
    assert table.layout == "semicolon, cp1252"
    assert any("not UTF-8" in remark for remark in table.remarks)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", "x,y,z\n1.5,2,a\n", "comma, decimal point, UTF-8"),
        ("t.csv", "x;y;z\n1,5;2;ä\n", "semicolon, decimal comma, cp1252"),
        ("t.tsv", "x\ty\tz\n1,5\t2\ta\n", "tab, decimal comma, UTF-8"),
        ("t.csv.gz", "x|y|z\n1|2|a\n", "vertical bar, decimal point, UTF-8, gzip"),
        ("t.txt", "x,y,z\n1.5,2,a\n", "comma, decimal point, UTF-16"),
    ],
)
def test_what_was_understood_of_a_text_file_heads_the_reading(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    header, row = content.splitlines()
    text = "\n".join([header, *(row.replace("2", str(i)) for i in range(40))])
    encoded = text.encode(says.split(", ")[2])
    (tmp_path / name).write_bytes(gzip.compress(encoded) if name.endswith(".gz") else encoded)
    data = loaded(tmp_path / name, ["y"], keep=["x", "z"])
    assert data.layout == says
    assert reading_lines(data)[0] == f"{data.slug}: 40 rows ({says})"


def test_typed_files_say_what_they_are(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", y=[1.5, 2, 3])
    pd.read_csv(path).to_parquet(tmp_path / "t.parquet")
    assert loaded(tmp_path / "t.parquet", ["y"]).layout == "Parquet"


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, says in (("folder.csv", "is a folder"), ("pipe.csv", "a pipe or a device"), ("no.csv", "no such file")):
        with pytest.raises(BadInput, match=says):
            read_table(tmp_path / name)
