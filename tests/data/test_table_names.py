"""Columns of any name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.data.preprocess import encode
from jointbench.types import Output
from tables import ROWS, frame_of, loaded, refusal

HOSTILE = [
    "a:regression",
    "x[0]",
    "<b>&amp;</b>",
    "a,b|c@d",
    "{y}",
    "%s",
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
    data = loaded(path, [name])
    assert data.outputs == (Output(name, "regression"),)
    assert list(frame_of(data).columns) == ["plain", "other"]
    features = frame_of(loaded(path, ["plain"]))
    assert list(features.columns) == [name, "other"]
    assert encode(features, np.arange(20)).shape == (ROWS, 2)
    assert loaded(path, [f"{name}:regression"]).outputs[0].name == name


def test_blanks_around_a_name_in_the_header_do_not_count(tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "t.csv", ["plain", " price ", "x"])
    for asked in ("price", " price ", "price:regression"):
        assert loaded(path, [asked]).outputs == (Output("price", "regression"),)


def test_a_file_whose_name_is_no_utf_8_gives_names_that_are(tmp_path: Path) -> None:
    data = loaded(hostile_file(tmp_path / os.fsdecode(b"caf\xe9.csv"), ["y", "x"]), ["y"])
    assert (data.slug, data.title) == ("caf\ufffd", "caf\ufffd.csv")
    assert data.provenance.source == "caf\ufffd.csv"


def test_a_column_named_like_a_target_with_its_kind_is_that_column(tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "t.csv", ["y", "y:regression", "x"])
    assert loaded(path, ["y:regression"]).outputs[0].name == "y:regression"
    assert loaded(path, ["y:regression:regression", "y"]).outputs[0].name == "y:regression"


def test_all_hostile_names_at_once_are_features(tmp_path: Path) -> None:
    features = frame_of(loaded(hostile_file(tmp_path / "t.csv", [*HOSTILE, "y"]), ["y"]))
    assert list(features.columns) == HOSTILE
    assert encode(features, np.arange(20)).shape == (ROWS, len(HOSTILE))


def test_a_refusal_stays_one_line_whatever_columns_are_called(tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "t.csv", ["two\nlines", "y"])
    assert "'z'" in refusal(path, ["z"])


def test_a_repeated_column_name_loses_no_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,x,y\n" + "".join(f"{i},{-i},{i * 2}.5\n" for i in range(ROWS)), encoding="utf-8")
    features = frame_of(loaded(path, ["y"]))
    assert features.shape == (ROWS, 2)
    assert np.array_equal(features.iloc[:, 0], -features.iloc[:, 1])
