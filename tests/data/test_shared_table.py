"""A large table is sent to other processes by the name of its file, which goes with its last user."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path

import numpy as np
import pytest

from jointbench.data import shared_table
from jointbench.data.shared_table import by_name, shared
from jointbench.runtime.processes import Processes


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_table, "LEAST_BYTES", 64)


def numbers() -> np.ndarray:
    return np.arange(60, dtype=np.float32).reshape(12, 5)


def test_it_equals_the_table_and_its_file_goes_with_it() -> None:
    table = shared(numbers())
    assert isinstance(table, np.memmap)
    np.testing.assert_array_equal(table, numbers())
    path = Path(str(table.filename))
    assert path.exists()
    del table
    gc.collect()
    assert not path.exists()


def test_a_small_table_stays_as_it_is() -> None:
    table = numbers()[:1]
    assert shared(table) is table


def test_without_room_on_disk_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shared_table, "_write_zeros", full)
    table = numbers()
    assert shared(table) is table


@pytest.mark.parametrize("part", [slice(None), slice(2, 7)])
def test_another_process_sees_the_same_numbers(part: slice) -> None:
    table = shared(numbers())[part] if part != slice(None) else shared(numbers())
    with Processes(1, 1) as processes:
        assert processes.submit(np.sum, table).result() == numbers()[part].sum()


def test_a_whole_table_is_sent_as_a_name_and_a_part_as_numbers() -> None:
    table = shared(numbers())
    assert isinstance(table, np.memmap)
    assert len(pickle.dumps(by_name(table)[1])) < 200
    assert by_name(table[2:7])[0] is np.asarray
