"""Fetched files that are not the table their card describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from greenhouse import refused, rows, write_xlsx

WRONG: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no Y2": (lambda frame: frame.drop(columns="Y2"), "has no column 'Y2'"),
    "one column more": (lambda frame: frame.assign(X9=1), "has a column 'X9' too many"),
    "a row short": (lambda frame: frame.iloc[1:], "has 23 rows"),
    "out of range": (
        lambda frame: frame.assign(X2=frame["X2"] * 10),
        "column 'X2' holds '1000.0' in data row 1, not a number from 100 to 200",
    ),
    "a gap": (
        lambda frame: frame.assign(Y1=frame["Y1"].where(frame.index != 2)),
        "column 'Y1' holds 'nan' in data row 3",
    ),
    "text": (
        lambda frame: frame.assign(X1=frame["X1"].astype(object).where(frame.index != 7, "warm")),
        "column 'X1' holds 'warm' in data row 8",
    ),
    "infinite": (
        lambda frame: frame.assign(Y2=frame["Y2"].where(frame.index != 0, np.inf)),
        "column 'Y2' holds 'inf' in data row 1",
    ),
    "another order": (lambda frame: frame.iloc[::-1], "another order than the table of the card"),
    "other values": (lambda frame: frame.assign(Y1=frame["Y1"].where(frame.index != 4, 1.25)), "other values"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_table_is_refused(change: Callable[[pd.DataFrame], pd.DataFrame], message: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    change(rows()).to_csv(copy, index=False)
    refused(str(copy), message, "expected is UCI's greenhouse.xlsx", "24 rows", copy=copy)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    rows().assign(**{" X1 ": 0.5}).to_csv(copy, index=False)
    refused("has a column 'X1.1' too many", copy=copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("copy.xlsx", b"X1,X2\n1,2\n", "cannot be read as a spreadsheet"),
        ("copy.xlsx", b"PK\x03\x04 cut off", "cannot be read as a spreadsheet"),
        ("copy.xlsx", None, "there is no such file"),
        ("copy.csv", None, "there is no such file"),
        ("copy.csv", b"", "is empty"),
        ("copy.zip", b"PK\x03\x04", "neither .xlsx nor .csv"),
        ("copy.xls", b"\xd0\xcf\x11\xe0", "neither .xlsx nor .csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    if content is not None:
        copy.write_bytes(content)
    refused(str(copy), message, copy=copy)


def test_a_cut_off_spreadsheet_is_refused(tmp_path: Path) -> None:
    copy = write_xlsx(rows(), tmp_path / "copy.xlsx")
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    refused("cannot be read as a spreadsheet", copy=copy)
