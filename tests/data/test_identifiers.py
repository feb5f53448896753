"""Columns that number or name the rows are left out, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tables import ROWS, csv, frame_of, loaded, refusal

OWN = list(range(1000, 1000 + ROWS))


@pytest.mark.parametrize(
    ("name", "cells", "dropped"),
    [
        ("customer_id", OWN, True),
        ("OrderID", OWN[::-1], True),
        ("row no", OWN, True),
        ("", OWN, True),
        ("code", [f"c{i}" for i in OWN], True),
        ("comment", [f"text {i}" for i in OWN], True),
        ("customer_id", [*OWN[1:], OWN[1]], False),  # a customer who came twice
        ("width", OWN, False),
        ("day", OWN[::-1], False),
        ("price_index", [i + 0.5 for i in OWN], False),
        ("city", [f"c{i}" for i in OWN[:27]] + ["c1000"] * 3, False),
        ("paid", ["3", "7"], False),
        ("grid", OWN, False),
    ],
)
def test_a_value_of_its_own_in_every_row_makes_an_identifier(
    tmp_path: Path, name: str, cells: list[object], dropped: bool
) -> None:
    data = loaded(csv(tmp_path / "t.csv", **{name: cells}, y=[1.5, 2, 3]), ["y"])
    column = name or "Unnamed: 2"
    assert (column not in frame_of(data)) == dropped
    assert (column in [item.name for item in data.reading if item.role == "dropped"]) == dropped
    assert any("identifier" in note and "--keep" in note for note in data.notes) == dropped


def test_a_count_of_the_rows_under_another_name_is_kept_and_named(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", visit=OWN, y=[1.5, 2, 3]), ["y"])
    assert any("count the rows of the file: 'visit'" in note for note in data.notes)
    kept = loaded(csv(tmp_path / "t.csv", visit=OWN, y=[1.5, 2, 3]), ["y"], keep=["visit"])
    assert kept.notes == ()


def test_few_rows_are_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,n,y\n" + "".join(f"{i},w{i},{i}.5\n" for i in range(8)), encoding="utf-8")
    assert list(frame_of(loaded(path, ["y"])).columns) == ["id", "n"]


def test_a_table_of_identifiers_alone_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,y\n" + "".join(f"{i},{i}.5\n" for i in range(30)), encoding="utf-8")
    message = refusal(path, ["y"])
    assert "'id'" in message and "--keep" in message
    assert list(frame_of(loaded(path, ["y"], keep=["id"])).columns) == ["id"]


def test_a_key_may_be_an_identifier(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", row_id=OWN, y=[1.5, 2, 3]), ["y"], time="row_id")
    assert data.time is not None
    assert data.time.tolist() == OWN


def test_numbers_far_from_zero_are_counted_from_the_smallest(tmp_path: Path) -> None:
    """Nanoseconds since 1970 differ in their last digits only, and those a float32 does not hold."""
    frame = pd.DataFrame({"tick": 1.6e18 + np.arange(30.0) * 1e9, "x": np.arange(30) * 1.5, "y": np.arange(30) * 0.5})
    frame.to_parquet(tmp_path / "t.parquet")
    data = loaded(tmp_path / "t.parquet", ["y"])
    assert frame_of(data)["tick"].tolist() == (np.arange(30) * 1e9).tolist()
    assert frame_of(data)["x"].tolist() == (np.arange(30) * 1.5).tolist()
    (reading,) = [item for item in data.reading if item.name == "tick"]
    assert reading.detail.startswith("counted from 1.6e+18")
