"""Whatever a file holds: a dataset without contradictions, or one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jointbench.data.preprocess import encode
from jointbench.data.read_file import read_table
from jointbench.errors import BadInput
from jointbench.types import Dataset
from table_strategy import WrittenTable, tables
from tables import frame_of, loaded

Read = TypeVar("Read")
SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def outcome(read: Callable[[], Read]) -> Read | str:
    """What was read, or the sentence of its refusal."""
    try:
        return read()
    except BadInput as error:
        return str(error)


def check(path: Path, table: WrittenTable) -> None:
    path.write_text(table.text, encoding="utf-8", newline="")
    data = outcome(lambda: loaded(path, table.targets, table.group, table.time, keep=table.keep))
    if isinstance(data, str):
        assert "\n" not in data
        assert len(data) < 900
        return
    assert_consistent(data)
    assert {item.name for item in data.reading} == set(read_table(path).frame.columns)


def assert_consistent(data: Dataset) -> None:
    """One entry a row everywhere, every label one of the classes, every number one that a network can be given."""
    features = frame_of(data)
    assert features.shape[1] > 0
    assert not features.columns.duplicated().any()
    for output in data.outputs:
        values = data.targets[output.name]
        assert values.shape == (data.rows,)
        present = values[~np.isnan(values)]
        if output.kind == "regression":
            assert len(np.unique(present)) > 1
            assert (np.abs(present) < 4e38).all()
        else:
            assert set(present) == set(range(len(output.classes)))
            assert len(output.classes) == 2 if output.kind == "binary" else len(output.classes) >= 2
            assert len(set(output.classes)) == len(output.classes)
    for key in (data.groups, data.time):
        assert key is None or (key.shape == (data.rows,) and np.isfinite(key).all())
    assert np.isfinite(encode(features, np.arange(data.rows))).all()
    assert all(note and "\n" not in note for note in data.notes)


@settings(deadline=None, max_examples=120, suppress_health_check=SLOW_TO_DRAW)
@given(table=tables())
def test_a_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, table: WrittenTable) -> None:
    check(tmp_path_factory.getbasetemp() / "any.csv", table)


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=200) | st.text("0123456789,;\t|\"'\n\r.- ab", max_size=80).map(str.encode))
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".arff", ".csv.gz", ".csv.zip"])
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    table = outcome(lambda: read_table(path))
    if isinstance(table, str):
        assert "\n" not in table
        return
    assert len(table.frame) > 0
    assert not table.frame.columns.duplicated().any()


@pytest.mark.slow
@settings(deadline=None, max_examples=2000, suppress_health_check=SLOW_TO_DRAW)
@given(table=tables())
def test_a_great_many_tables_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, table: WrittenTable) -> None:
    check(tmp_path_factory.getbasetemp() / "many.csv", table)
