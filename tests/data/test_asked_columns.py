"""Columns by name, by pattern and by position; columns left out, and numbers that are names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from jointbench.errors import BadInput
from jointbench.types import Output
from tables import csv, frame_of, loaded, refusal

NAMES = ["Class1", "Class2", "class3", "a:b", "x[1]", "code", "size"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = range(30)
    columns = {name: [place + row * 1.5 + (row * place) % 7 for row in rows] for place, name in enumerate(NAMES)}
    columns["code"] = [float(row % 4) for row in rows]
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


@pytest.mark.parametrize(
    ("asked", "outputs"),
    [
        (["Class*"], ["Class1", "Class2"]),
        (["?lass[13]"], ["Class1", "class3"]),
        (["size", "Class*"], ["size", "Class1", "Class2"]),
        (["Class*", "Class2"], ["Class1", "Class2"]),
        (["*1*", "x[1]"], ["Class1", "x[1]"]),
        (["x[1]"], ["x[1]"]),
        (["a:*"], ["a:b"]),
        (["Class*", "*2"], ["Class1", "Class2"]),
        (["3"], ["class3"]),
        (["-1", "1"], ["size", "Class1"]),
        (["1:regression"], ["Class1"]),
        (["Class*:regression"], ["Class1", "Class2"]),
    ],
)
def test_targets_by_name_pattern_and_position(table: Path, asked: list[str], outputs: list[str]) -> None:
    data = loaded(table, asked)
    assert data.outputs == tuple(Output(name, "regression") for name in outputs)
    assert list(frame_of(data).columns) == [name for name in NAMES if name not in outputs]


def test_a_pattern_takes_a_kind_and_a_name_keeps_its_own(table: Path) -> None:
    data = loaded(table, ["c*:multiclass", "class3:regression"])
    assert {output.name: output.kind for output in data.outputs} == {"code": "multiclass", "class3": "regression"}


def test_a_pattern_takes_no_key_and_nothing_that_is_left_out(table: Path) -> None:
    data = loaded(table, ["[Cc]*"], group="code", drop=["size", "x*", "Class1"])
    assert [output.name for output in data.outputs] == ["Class2", "class3"]


def test_a_column_that_is_called_by_a_number_is_that_column(tmp_path: Path) -> None:
    pd.DataFrame({"2": [0.5, 1, 3] * 9, "b": [1.5, 2, 4] * 9, "1": [2.5, 1, 7] * 9}).to_csv(
        tmp_path / "t.csv", index=False
    )
    assert [output.name for output in loaded(tmp_path / "t.csv", ["2", "1"]).outputs] == ["2", "1"]
    assert [output.name for output in loaded(tmp_path / "t.csv", ["3"]).outputs] == ["1"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["Klass*"], "no column that matches 'Klass*'; did you mean 'class3'?"),
        (["CLASS[1]"], "no column that matches 'CLASS[1]'; did you mean 'Class1'?"),
        (["siez"], "no column 'siez'; did you mean 'size'?"),
        (["q*"], "no column that matches 'q*'; its columns are"),
        (["Class1:number"], "the kind is regression, binary or multiclass, not 'number'"),
        (["Claß*:number"], "no column that matches 'Claß*'"),
        (["Class1", "1"], "--target 'Class1' is given twice"),
        (["0"], "7 columns, counted from 1"),
        (["8"], "7 columns, counted from 1"),
        (["-8"], "7 columns, counted from 1"),
    ],
)
def test_what_names_no_column_says_what_there_is(table: Path, asked: list[str], says: str) -> None:
    message = refusal(table, asked)
    assert says in message


def test_a_pattern_suggests_what_it_is_near(tmp_path: Path) -> None:
    assert "did you mean 'price [EUR]'?" in refusal(csv(tmp_path / "t.csv", **{"price [EUR]": [1, 2]}), ["Price [EUR]"])


def test_a_column_is_left_out_and_said_so(table: Path) -> None:
    data = loaded(table, ["Class1"], drop=["Class*2", "-1"])
    assert list(frame_of(data).columns) == ["class3", "a:b", "x[1]", "code"]
    said = {item.name: item.reason for item in data.reading if item.role == "dropped"}
    assert said == {"Class2": "as asked", "size": "as asked"}
    assert data.digest != loaded(table, ["Class1"]).digest


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"drop": ["Class1"]}, "--drop 'Class1' is a --target too"),
        ({"drop": ["siez"]}, "no column 'siez'; did you mean 'size'?"),
        ({"categorical": ["coed"]}, "no column 'coed'; did you mean 'code'?"),
        ({"keep": ["9"]}, "--keep 9"),
        ({"drop": ["*lass[23]", "a*", "x*", "code", "size"]}, "no feature column left beside its targets"),
    ],
)
def test_what_cannot_be_left_out_is_refused(table: Path, options: dict[str, list[str]], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        loaded(table, ["Class1"], **options)
    assert says in str(caught.value)


def test_a_pattern_of_keys_alone_is_refused(table: Path) -> None:
    assert "'co*' matches code, which is a key or left out" in refusal(table, ["Class1", "co*"], group="code")


def test_numbers_can_be_names(table: Path) -> None:
    assert frame_of(loaded(table, ["Class1"]))["code"].dtype == float
    data = loaded(table, ["Class1"], categorical=["code"])
    assert set(frame_of(data)["code"]) == {"0", "1", "2", "3"}
    (reading,) = [item for item in data.reading if item.name == "code"]
    assert (reading.role, reading.detail) == ("category", "4 levels")


def test_versions_stay_as_they_are_written(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", version=["1.1", "1.10", "2"], zip=["01", "1", "02"], y=[1.5, 2, 3])
    features = frame_of(loaded(path, ["y"], categorical=["version", "zip"]))
    assert set(features["version"]) == {"1.1", "1.10", "2"}
    assert set(features["zip"]) == {"01", "1", "02"}


def test_a_target_of_numbers_that_are_names_is_classes(table: Path) -> None:
    data = loaded(table, ["code", "Class1"], categorical=["code"])
    assert data.outputs[0] == Output("code", "multiclass", ("0", "1", "2", "3"))
    assert data.reading[0].reason == "asked for as names"


def test_a_key_stays_a_key(table: Path) -> None:
    data = loaded(table, ["Class1"], time="size", categorical=["size"], drop=["size"])
    assert data.time is not None
    assert [item.role for item in data.reading if item.name == "size"] == ["key"]
