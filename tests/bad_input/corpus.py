"""Bad and odd tables: bytes, what is asked of them, and whether they are refused or read."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

ROWS = 40
Outcome = Literal["refused", "read"]


@dataclass(frozen=True)
class Case:
    """A file of this name and content. options: of ``TableOptions``, with target y unless others are named.

    says: a part of the refusal, beside the file's name, which every refusal has.
    """

    content: bytes
    outcome: Outcome
    says: str = ""
    name: str = "t.csv"
    options: dict[str, Any] = field(default_factory=dict)


def rows(**columns: list[object]) -> bytes:
    """A CSV with a number x, a name n and a target y, or what ``columns`` puts in their place, of ROWS rows."""
    table: dict[str, list[object]] = {
        "x": [i * 7 % 13 + 0.5 for i in range(ROWS)],
        "n": ["left" if i % 3 else "right" for i in range(ROWS)],
        "y": [i * 5 % 17 + 0.25 for i in range(ROWS)],
        **columns,
    }
    lines = [",".join(table)]
    lines += [",".join(str(cells[i % len(cells)]) for cells in table.values()) for i in range(ROWS)]
    return ("\n".join(lines) + "\n").encode()


PLAIN = rows()
TEXT = PLAIN.decode()
LINES = TEXT.splitlines()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("DOTS", ".."), content)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("t.csv")
        entry.size = len(PLAIN)
        archive.addfile(entry, io.BytesIO(PLAIN))
    return buffer.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def frame() -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(PLAIN))


def jsonl(*objects: object) -> bytes:
    return ("\n".join(json.dumps(item) for item in objects) + "\n").encode()


RECORDS = frame().to_dict("records")
RNG = np.random.default_rng(0)

STRUCTURE = {
    "empty": Case(b"", "refused"),
    "one line end": Case(b"\n", "refused"),
    "blank lines": Case(b"\n\n\n  \n", "refused"),
    "byte order mark alone": Case(b"\xef\xbb\xbf", "refused"),
    "header alone": Case(b"x,n,y\n", "refused", "no rows"),
    "one row": Case(b"x,n,y\n1,a,2\n", "refused"),
    "two rows": Case(b"x,n,y\n1,a,2\n2,b,3\n", "read"),  # too few for folds, which planning says
    "one column": Case(("y\n" + "\n".join(map(str, range(ROWS)))).encode(), "refused", "one field"),
    "short row": Case("\n".join([*LINES[:9], "1.5", *LINES[9:]]).encode(), "refused"),
    "long row": Case("\n".join([*LINES[:9], "1,a,2,3,4,5", *LINES[9:]]).encode(), "refused"),
    "title above": Case(b"Sales of the north\n\n" + PLAIN, "read"),
    "units below the header": Case("\n".join([LINES[0], "kg,-,m", *LINES[1:]]).encode(), "refused", "data row 1"),
    "footer": Case(PLAIN + b"Total,,17\n", "refused", "'Total'"),
    "blank line inside": Case("\n".join([*LINES[:9], "", *LINES[9:]]).encode(), "read"),
    "quote that never ends": Case(TEXT.replace("left", '"left', 1).encode(), "refused"),
    "quotes within quotes": Case(TEXT.replace("left", '"le""ft"').encode(), "read"),
    "line end within quotes": Case(TEXT.replace("left", '"le\nft"').encode(), "read"),
    "NUL bytes": Case(TEXT.replace("left", "l\0ft").encode(), "refused"),
    "random bytes": Case(RNG.bytes(4_000), "refused"),
    "a picture": Case(b"\x89PNG\r\n\x1a\n" + RNG.bytes(400), "refused"),
    "a PDF": Case(b"%PDF-1.7\n" + RNG.bytes(400), "refused"),
    "a web page": Case(b"<!doctype html><html><body><p>Not found</p></body></html>", "refused"),
    "JSON": Case(json.dumps(RECORDS).encode(), "refused"),
    "carriage returns": Case(PLAIN.replace(b"\n", b"\r"), "read"),
    "Windows line ends": Case(PLAIN.replace(b"\n", b"\r\n"), "read"),
    "delimiter at the line's end": Case(PLAIN.replace(b"\n", b",\n"), "read"),
    "semicolons": Case(PLAIN.replace(b",", b";"), "read"),
    "tabs": Case(PLAIN.replace(b",", b"\t"), "read"),
    "bars": Case(PLAIN.replace(b",", b"|"), "read"),
    "semicolons and decimal commas": Case(PLAIN.replace(b",", b";").replace(b".", b","), "read"),
    "spaces around": Case(PLAIN.replace(b",", b" , "), "read"),
    "header of numbers": Case("\n".join(LINES[1:]).encode(), "refused", "header"),
    "repeated header": Case("\n".join([*LINES[:9], LINES[0], *LINES[9:]]).encode(), "read"),
    "name twice": Case(PLAIN.replace(b"x,n,y", b"x,x,y"), "read"),
    "target's name twice": Case(PLAIN.replace(b"x,n,y", b"y,n,y"), "read"),
    "nameless column": Case(PLAIN.replace(b"x,n,y", b",n,y"), "read"),
    "10,000 columns": Case(
        (
            ",".join([f"c{i}" for i in range(10_000)] + ["y"])
            + "\n"
            + "\n".join(",".join(str((i * j) % 101) for i in range(10_000)) + f",{j}" for j in range(1, 9))
        ).encode(),
        "read",
    ),
    "a cell of a megabyte": Case(TEXT.replace("left", "l" * 1_000_000, 1).encode(), "refused"),
    "a line of commas": Case(b"," * 100_000 + b"\n", "refused"),
}

ENCODING = {
    "UTF-8 with a mark": Case(b"\xef\xbb\xbf" + PLAIN, "read"),
    "UTF-16": Case(TEXT.encode("utf-16"), "read"),
    "UTF-16 without a mark": Case(TEXT.encode("utf-16-le"), "refused"),
    "Latin-1": Case(TEXT.replace("left", "l\xe9ft").encode("latin-1"), "read"),
    "cp1252": Case(TEXT.replace("left", "5 \u20ac").encode("cp1252"), "read"),
    "emoji": Case(TEXT.replace("left", "\U0001f600").encode(), "read"),
    "right to left": Case(TEXT.replace("left", "\u202eabc").encode(), "read"),
}

NUMBERS = {
    "infinity": Case(rows(x=["1", "inf", "2.5"]), "refused", "infinite"),
    "minus infinity": Case(rows(y=["1", "-inf", "2.5"]), "refused", "infinite"),
    "1e300": Case(rows(x=["1", "1e300", "2.5"]), "refused", "'x'"),
    "1e300 in the target": Case(rows(y=["1", "1e300", "2.5"]), "refused", "'y'"),
    "varies by nothing": Case(rows(x=["0", "1e-300", "2e-300"]), "refused", "smaller unit"),
    "not a number": Case(rows(x=["1", "nan", "2.5"]), "read"),
    "question marks": Case(rows(x=["1", "?", "2.5"]), "read"),
    "N/A": Case(rows(x=["1", "N/A", "2.5"]), "read"),
    "-999": Case(rows(x=["1", "-999", "2.5", "3"]), "read"),
    "hexadecimal": Case(rows(x=["0x1F", "0x20", "0x21"]), "read"),
    "thousands marks": Case(rows(x=['"1,234.5"', '"2,345.25"', '"12"']), "read"),
    "currency": Case(rows(x=["$1.50", "$2.25", "$3"]), "read"),
    "percent": Case(rows(x=["1.5%", "2%", "3%"]), "read"),
    "a unit": Case(rows(x=["12 EUR", "3.5 EUR", "4 EUR"]), "read"),
    "two units": Case(rows(x=["12 EUR", "3.5 USD", "4 EUR"]), "read"),
    "one text among numbers": Case(rows(x=[*map(str, range(ROWS - 1)), "many"]), "refused", "'many'"),
    "one text in the target": Case(rows(y=[*map(str, range(ROWS - 1)), "many"]), "refused", "'many'"),
    "less than": Case(rows(y=[*map(str, range(ROWS - 1)), "<0.3"]), "refused", "'<0.3'"),
    "versions": Case(rows(x=["1.2.3", "1.2.4", "1.3.0"]), "read"),
    "huge whole numbers": Case(rows(x=[2**63 + i * i for i in range(ROWS)]), "read"),
    "leading zeros": Case(rows(x=["02116", "00501", "10001"]), "read"),
    "true and false": Case(rows(x=["true", "FALSE", "True"]), "read"),
    "formulas": Case(rows(n=["=1+1", "=cmd|'/C calc'!A0", "@SUM(A1)"]), "read"),
    "markup": Case(rows(n=["<script>alert(1)</script>", "<b>", "&amp;"]), "read"),
    "dates of two readings": Case(rows(n=["01/02/2020", "03/04/2020", "05/06/2020"]), "refused", "two ways"),
    "dates": Case(rows(n=["2020-01-31", "2021-02-28", "2022-12-01"]), "read"),
    "a date that is none": Case(
        rows(n=[*(f"2020-01-{i % 28 + 1:02d}" for i in range(ROWS - 1)), "2020-13-45"]), "refused", "2020-13-45"
    ),
}


def asked(*targets: str, **options: Any) -> dict[str, Any]:
    return {"targets": targets, **options}


TARGETS = {
    "no target": Case(PLAIN, "refused", "--target", options=asked()),
    "unknown target": Case(PLAIN, "refused", "no column 'price'", options=asked("price")),
    "near miss": Case(PLAIN, "refused", "did you mean 'y'", options=asked("Y ")),
    "target twice": Case(PLAIN, "refused", "twice", options=asked("y", "y")),
    "every column a target": Case(PLAIN, "refused", "no feature column", options=asked("x", "n", "y")),
    "unknown kind": Case(PLAIN, "refused", "regression, binary or multiclass", options=asked("y:number")),
    "names as numbers": Case(PLAIN, "refused", "'n'", options=asked("n:regression")),
    "three classes as two": Case(rows(n=["a", "b", "c"]), "refused", "3 classes, not 2", options=asked("n:binary")),
    "constant": Case(rows(y=["7"]), "refused", "only one value"),
    "constant name": Case(rows(y=["same"]), "refused", "only one value"),
    "all missing": Case(rows(y=[""]), "refused", "'y'"),
    "one label": Case(rows(y=["7", *[""] * (ROWS - 1)]), "refused", "only one value"),
    "300 classes": Case(
        ("x,y\n" + "".join(f"{i}.5,n{i % 300}\n" for i in range(900))).encode(), "refused", "at most 200 classes"
    ),
    "an identifier": Case(rows(y=[f"id{i}" for i in range(ROWS)]), "refused", "different names"),
    "dates as a target": Case(rows(y=["2020-01-31", "2021-02-28", "2022-12-01"]), "refused", "dates"),
    "a copy of the target": Case(rows(x=[i * 5 % 17 + 0.25 for i in range(ROWS)]), "read"),
    "empty pattern": Case(PLAIN, "refused", "no column that matches", options=asked("z*")),
    "position 0": Case(PLAIN, "refused", options=asked("0")),
    "position 9": Case(PLAIN, "refused", options=asked("9")),
    "a class called None": Case(rows(y=["None", "a", "b"]), "read"),
}

KEYS = {
    "unknown group": Case(PLAIN, "refused", "no column 'g'", options=asked("y", group="g")),
    "unknown time": Case(PLAIN, "refused", "no column 'when'", options=asked("y", time="when")),
    "names as time": Case(PLAIN, "refused", "'n'", options=asked("y", time="n")),
    "gap in time": Case(
        rows(n=["2020-01-01", "", "2020-01-03"]), "refused", "data row 2", options=asked("y", time="n")
    ),
    "negative weight": Case(rows(n=["1", "-1", "2"]), "refused", "negative", options=asked("y", weight="n")),
    "no weight": Case(rows(n=["1", "", "2"]), "refused", "'n'", options=asked("y", weight="n")),
    "all weights 0": Case(rows(n=["0"]), "refused", "'n'", options=asked("y", weight="n")),
    "names as weights": Case(PLAIN, "refused", "'n'", options=asked("y", weight="n")),
    "unknown keep": Case(PLAIN, "refused", "no column 'k'", options=asked("y", keep=("k",))),
    "unknown drop": Case(PLAIN, "refused", "no column 'k'", options=asked("y", drop=("k",))),
    "dropped target": Case(PLAIN, "refused", "'y'", options=asked("y", drop=("y",))),
    "all dropped": Case(PLAIN, "refused", "no feature column", options=asked("y", drop=("x", "n"))),
}

CONTAINERS = {
    "gzip": Case(gzip.compress(PLAIN), "read", name="t.csv.gz"),
    "half a gzip": Case(gzip.compress(PLAIN)[:80], "refused", name="t.csv.gz"),
    "gzip that is none": Case(PLAIN, "refused", name="t.csv.gz"),
    "xz": Case(lzma.compress(PLAIN), "read", name="t.csv.xz"),
    "damaged xz": Case(lzma.compress(PLAIN)[:-30] + b"0" * 30, "refused", name="t.csv.xz"),
    "zip": Case(zipped(table=PLAIN), "read", name="t.zip"),
    "empty zip": Case(zipped(), "refused", name="t.zip"),
    "zip of two": Case(zipped(a=PLAIN, b=PLAIN), "refused", name="t.zip"),
    "zip that climbs": Case(zipped(DOTS__DOTS__evil=PLAIN), "read", name="t.zip"),
    "half a zip": Case(zipped(table=PLAIN)[:120], "refused", name="t.zip"),
    "tar": Case(tarred(), "refused", "archive", name="t.tar.gz"),
    "tar as gzip": Case(tarred(), "refused", "archive", name="t.csv.gz"),
    "7z": Case(b"7z\xbc\xaf\x27\x1c" + RNG.bytes(200), "refused", "archive", name="t.7z"),
    "zstandard that is none": Case(PLAIN, "refused", name="t.csv.zst"),
    "Parquet": Case(parquet(frame()), "read", name="t.parquet"),
    "half a Parquet": Case(parquet(frame())[:200], "refused", name="t.parquet"),
    "CSV as Parquet": Case(PLAIN, "refused", name="t.parquet"),
    "Parquet without rows": Case(parquet(frame().iloc[:0]), "refused", "no rows", name="t.parquet"),
    "Parquet of lists": Case(parquet(frame().assign(x=[[1, 2]] * ROWS)), "refused", "'x'", name="t.parquet"),
    "Parquet of structs": Case(parquet(frame().assign(x=[{"a": 1}] * ROWS)), "refused", "'x'", name="t.parquet"),
    "Parquet of bytes": Case(parquet(frame().assign(x=[b"ab"] * ROWS)), "refused", "'x'", name="t.parquet"),
    "CSV as Feather": Case(PLAIN, "refused", name="t.feather"),
    "CSV as Excel": Case(PLAIN, "refused", name="t.xlsx"),
    "zip as Excel": Case(zipped(table=PLAIN), "refused", name="t.xlsx"),
    "old Excel": Case(b"\xd0\xcf\x11\xe0" + RNG.bytes(400), "refused", "not read", name="t.xls"),
    "CSV as ARFF": Case(PLAIN, "refused", name="t.arff"),
    "ARFF without data": Case(b"@relation r\n@attribute x numeric\n@attribute y numeric\n", "refused", name="t.arff"),
    "ARFF of another width": Case(
        b"@relation r\n@attribute x numeric\n@attribute y numeric\n@data\n1,2\n3\n", "refused", name="t.arff"
    ),
    "JSON lines": Case(jsonl(*RECORDS), "read", name="t.jsonl"),
    "nested JSON": Case(jsonl(*({**r, "x": {"a": 1}} for r in RECORDS)), "refused", "'x'", name="t.jsonl"),
    "JSON of lists": Case(jsonl(*([1, 2] for _ in RECORDS)), "refused", name="t.jsonl"),
    "half a JSON line": Case(jsonl(*RECORDS)[:-9], "refused", name="t.jsonl"),
    "CSV as JSON lines": Case(PLAIN, "refused", name="t.jsonl"),
    "a pickle": Case(b"\x80\x04\x95" + RNG.bytes(40), "refused", "not read", name="t.pkl"),
    "a database": Case(b"SQLite format 3\0" + RNG.bytes(400), "refused", "not read", name="t.sqlite"),
}

NAMES = {
    f"column called {name[:12]!r}": Case(PLAIN.replace(b"x,n,y", f'"{name}",n,y'.encode()), "read")
    for name in (
        "<script>alert(1)</script>",
        "=HYPERLINK()",
        "a" * 5_000,
        "two\nlines",
        "\x1b[31mred",
        "\u202eright to left",
        "../../etc/passwd",
        "y:regression",
        "%s %d {0}",
        "\U0001f600",
        "a,b",
        "None",
    )
}
NAMES |= {
    f"file called {name[:12]!r}": Case(PLAIN, "read", name=name)
    for name in ("<b>.csv", "a b.csv", "\u00e4\u00f6.csv", "=1+1.csv", "-rf.csv", "%00.csv", "t.CSV", "t.TXT", "t")
}

CASES: dict[str, Case] = {**STRUCTURE, **ENCODING, **NUMBERS, **TARGETS, **KEYS, **CONTAINERS, **NAMES}
