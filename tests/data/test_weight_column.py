"""--weight: a column of row weights is checked cell by cell, is no feature, and a row of weight 0 is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from jointbench.errors import BadInput
from jointbench.types import Dataset
from tables import ROWS, csv, frame_of, loaded

Y = [1.5, 2, 3.25]


def weighted(path: Path, cells: Sequence[object], y: Sequence[object] = Y) -> Dataset:
    return loaded(csv(path / "t.csv", w=cells, y=y), ["y"], weight="w")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([1, 2, -0.5], "is negative in data row 3"),
        ([1, ""], "has no value in data row 2"),
        (["1", "2", "heavy"], "holds 'heavy' in data row 3"),
        (["a", "b"], "holds 'a' in data row 1"),
        (["2020-01-01", "2020-01-02"], "holds '2020-01-01' in data row 1"),
        ([""], "is empty"),
        ([0], "is 0 in every row"),
        ([1, "inf"], "data row 2"),
    ],
)
def test_what_is_no_weight_is_refused_with_its_row(tmp_path: Path, cells: Sequence[object], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        weighted(tmp_path, cells)
    message = str(caught.value)
    assert all(part in message for part in ("t.csv", "'w'", says)), message
    assert "\n" not in message


def test_a_column_that_is_not_there_or_is_a_target_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", wait=[1, 2], y=Y)
    with pytest.raises(BadInput, match="no column 'wiat'; did you mean 'wait'"):
        loaded(path, ["y"], weight="wiat")
    with pytest.raises(BadInput, match="--weight 'wait' is a --target too"):
        loaded(path, ["y", "wait"], weight="wait")


def test_labels_on_rows_of_weight_zero_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'w' is 0 in every row that has a label of target 'y'"):
        weighted(tmp_path, [0, 1], [1.5, "", 2.5, ""])


def test_the_column_is_read_as_weights_and_is_no_feature(tmp_path: Path) -> None:
    data = weighted(tmp_path, [1, 4, 2])
    assert data.row_weights is not None
    assert data.row_weights[:3].tolist() == [0.25, 1, 0.5]
    assert list(frame_of(data).columns) == ["x", "n"]
    (reading,) = [item for item in data.reading if item.name == "w"]
    assert (reading.role, reading.detail) == ("key", "row weights from 1 to 4")
    assert data.digest != loaded(tmp_path / "t.csv", ["y"], group="w").digest


def test_a_row_of_weight_zero_is_not_there(tmp_path: Path) -> None:
    data = weighted(tmp_path, [1, 0, 2])
    every = loaded(tmp_path / "t.csv", ["y"])
    kept = np.arange(ROWS) % 3 != 1
    assert np.array_equal(data.targets["y"], every.targets["y"][kept])
    assert frame_of(data)["x"].tolist() == frame_of(every)["x"][kept].tolist()
    assert any("10 rows of weight 0" in note for note in data.notes)


def test_equal_weights_are_none(tmp_path: Path) -> None:
    assert weighted(tmp_path, [3]).row_weights is None
