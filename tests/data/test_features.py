"""How columns become features, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jointbench.types import ColumnReading, Dataset
from tables import ROWS, csv, frame_of, loaded, refusal


def reading(data: Dataset, name: str) -> ColumnReading:
    (item,) = [item for item in data.reading if item.name == name]
    return item


@pytest.mark.parametrize(
    ("cells", "missing"),
    [
        ([5, -999, 7, 9.5], 1),  # the only negative value
        ([-5, -9999, 7, 9.5], 1),  # far below the others
        ([-80, -99, -60, 9.5], 0),  # one of many
        ([0, -1, 1], 0),
        ([5, -998, 7], 0),
        ([*range(29), -999], 0),  # once: it may be an error, but no mark
    ],
)
@pytest.mark.parametrize("column", ["f", "y"])
def test_a_number_that_stands_for_missing_is_missing(
    tmp_path: Path, column: str, cells: list[float], missing: int
) -> None:
    columns: dict[str, list[float]] = {"y": [1.5, 2, 3], "f": [1.5, 2, 3], column: cells}
    path = csv(tmp_path / "t.csv", **columns)
    data = loaded(path, ["y"])
    values = data.targets["y"] if column == "y" else frame_of(data)["f"].to_numpy()
    expected = [cells[i % len(cells)] for i in range(ROWS)]
    marked = [bool(missing) and value == min(cells) for value in expected]
    assert np.isnan(values).tolist() == marked
    assert any(f"{column!r}" in note and "missing" in note for note in data.notes) == bool(missing)
    assert reading(data, column).missing == sum(marked)
    kept = loaded(path, ["y"], keep=[column])
    values = kept.targets["y"] if column == "y" else frame_of(kept)["f"].to_numpy()
    assert values.tolist() == expected


def test_a_large_number_that_may_stand_for_missing_is_asked_about(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", f=[1, 2, 9999], y=[1.5, 2, 3]), ["y"])
    assert frame_of(data)["f"].max() == 9999
    assert any("9999 in 'f' (10 times)" in note for note in data.notes)


@pytest.mark.parametrize("value", ["1e200", "-1e39", "1e308"])
@pytest.mark.parametrize("column", ["f", "y"])
def test_values_beyond_float32_are_refused_with_their_row(tmp_path: Path, column: str, value: str) -> None:
    columns: dict[str, list[object]] = {"y": [1.5, 2, 3], "f": [1.5, 2, 3], column: [*range(12), value, *range(13, 30)]}
    message = refusal(csv(tmp_path / "t.csv", **columns), ["y:regression"])
    for part in (f"'{column}'", f"{float(value):.3g}", "data row 13"):
        assert part in message


def test_values_that_no_float32_tells_apart_are_refused(tmp_path: Path) -> None:
    message = refusal(csv(tmp_path / "t.csv", f=["1e-200", "2e-200"], y=[1.5, 2, 3]), ["y"])
    assert "'f'" in message and "unit" in message


def test_a_column_that_is_half_numbers_is_said_to_be_names(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", f=[1, 2, "<3", 5], y=[1.5, 2, 3]), ["y"])
    assert reading(data, "f").role == "category"
    assert any("'f'" in note and "'<3' in data row 3" in note for note in data.notes)


def test_an_empty_column_is_left_out_and_said(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", f=[""], y=[1.5, 2, 3]), ["y"])
    assert "f" not in frame_of(data)
    assert (reading(data, "f").role, reading(data, "f").reason) == ("dropped", "it is empty")


def test_many_levels_are_counted_and_the_folded_ones_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,n,y\n" + "".join(f"{i}.5,w{i % 60},{i % 7}.5\n" for i in range(240)), encoding="utf-8")
    detail = reading(loaded(path, ["y"]), "n").detail
    assert "60 levels" in detail and "49 commonest" in detail


def test_missing_names_and_missing_groups_are_counted(tmp_path: Path) -> None:
    data = loaded(csv(tmp_path / "t.csv", c=["a", "", "?"], who=["p", ""], y=[1.5, 2, 3]), ["y"], group="who")
    assert reading(data, "c").missing == 20
    assert reading(data, "who").missing == 15
    assert "together" in reading(data, "who").detail


def test_spellings_that_differ_by_one_letter_stay_apart(tmp_path: Path) -> None:
    """The letters A and a may be two grades; Rome and ROME are one town."""
    data = loaded(csv(tmp_path / "t.csv", c=["A", "a", "a"], town=["Rome", "ROME", "Rome", "Oslo"], y=[1.5, 2]), ["y"])
    assert frame_of(data)["c"].nunique() == 2
    assert sorted(frame_of(data)["town"].unique()) == ["Oslo", "Rome"]
    assert "'ROME' as 'Rome'" in reading(data, "town").detail


@pytest.mark.parametrize(
    ("asked", "says"),
    [("Price", "did you mean 'price'?"), ("pric", "did you mean 'price'?"), ("zzz", "its columns are")],
)
def test_a_column_that_is_almost_there_is_suggested(tmp_path: Path, asked: str, says: str) -> None:
    assert says in refusal(csv(tmp_path / "t.csv", price=[1.5, 2, 3]), [asked])


def test_a_file_without_a_header_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{i}.5,{i * 2}.25,{i % 3}\n" for i in range(30)), encoding="utf-8")
    assert "header missing" in refusal(path, ["y"])


@pytest.mark.parametrize(
    ("copy", "named"),
    [
        (lambda y: y, True),
        (lambda y: -2.5 * y + 3, True),
        (lambda y: y if y else "", True),
        (lambda y: y + (0.01 if y % 2 else -0.01), False),
        (lambda y: y * y, False),
    ],
)
def test_a_feature_that_is_the_target_again_is_named(tmp_path: Path, copy: object, named: bool) -> None:
    values = [float(i) for i in range(ROWS)]
    assert callable(copy)
    path = csv(tmp_path / "t.csv", y=values, f=[copy(value) for value in values])
    assert any("'f' (of 'y')" in note for note in loaded(path, ["y"]).notes) == named


@pytest.mark.parametrize(
    ("labels", "feature", "named"),
    [
        (["a", "b", "c"], ["p", "q", "r"], True),
        (["a", "b", "c"], [1, 2, 3], True),
        (["a", "b", ""], ["p", "q", "r"], True),
        (["a", "b", "c"], ["p", "q", "q"], False),
        (["a", "b", "a", "b"], ["p", "q", "q", "q"], False),
    ],
)
def test_classes_under_other_names_are_named(
    tmp_path: Path, labels: list[str], feature: list[object], named: bool
) -> None:
    path = csv(tmp_path / "t.csv", y=labels, f=feature)
    assert any("'f' (of 'y')" in note for note in loaded(path, ["y"]).notes) == named
