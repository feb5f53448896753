"""Columns that tell nothing are left out and named; --keep uses them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.types import Dataset

ROWS = 60


def table(path: Path, **columns: object) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=ROWS).round(3), "y": rng.normal(size=ROWS), **columns})
    frame.to_csv(path / "t.csv", index=False)
    return path / "t.csv"


def loaded(path: Path, *keep: str) -> Dataset:
    return load_table(path, TableOptions(targets=("y",), keep=keep))


def dropped(dataset: Dataset) -> dict[str, str]:
    return {item.name: item.reason for item in dataset.reading if item.role == "dropped"}


def test_a_column_of_one_value_is_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, site="north", unit=3)
    dataset = loaded(path)
    assert dropped(dataset) == {"site": "it holds one value", "unit": "it holds one value"}
    assert any("hold one value: 'site', 'unit'" in note for note in dataset.notes)
    assert list(loaded(path, "site").features.columns) == ["x", "site"]


def test_a_value_with_gaps_is_not_constant(tmp_path: Path) -> None:
    assert not dropped(loaded(table(tmp_path, site=["north", None] * (ROWS // 2))))


def test_a_column_that_repeats_another_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names, numbers = rng.choice(["a", "b", None], ROWS), rng.normal(size=ROWS).round(2)
    path = table(tmp_path, name=names, again=names, number=numbers, text=[f"{n:.3f} €" for n in numbers])
    dataset = loaded(path)
    assert dropped(dataset) == {"again": "it holds the same as 'name'", "text": "it holds the same as 'number'"}
    assert any("another column holds the same: 'again' (as 'name')" in note for note in dataset.notes)


def test_sentences_are_free_text_and_not_identifiers(tmp_path: Path) -> None:
    said = [f"the tenant of flat {i} called about the heating" for i in range(ROWS)]
    dataset = loaded(table(tmp_path, said=said, code=[f"A{i}x" for i in range(ROWS)]))
    assert dropped(dataset)["said"] == "free text"
    assert dropped(dataset)["code"].startswith("an identifier")
    assert any("Left out as free text: 'said'" in note for note in dataset.notes)
