"""Tables as users have them, written, read back and refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.types import Dataset

ROWS = 30


def csv(path: Path, **columns: Sequence[object]) -> Path:
    """A CSV with feature columns x (number) and n (name) and the given others, their cells repeated to 30 rows."""
    table = {"x": [f"{i}.25" for i in range(ROWS)], "n": ["left" if i % 3 else "right" for i in range(ROWS)]}
    for name, cells in columns.items():
        table[name] = [str(cells[i % len(cells)]) for i in range(ROWS)]
    lines = [",".join(table), *(",".join(cells) for cells in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def loaded(
    path: Path, targets: Sequence[str], group: str | None = None, time: str | None = None, **options: Any
) -> Dataset:
    """The dataset in the file; options: as TableOptions has them, columns in any sequence."""
    columns = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return load_table(path, TableOptions(targets=tuple(targets), group=group, time=time, **columns))


def frame_of(data: Dataset) -> pd.DataFrame:
    assert isinstance(data.features, pd.DataFrame)
    return data.features


def refusal(path: Path, targets: Sequence[str], group: str | None = None, time: str | None = None) -> str:
    """The sentence that a user reads; it must name the file and be one line."""
    with pytest.raises(BadInput) as caught:
        loaded(path, targets, group, time)
    message = str(caught.value)
    assert "\n" not in message
    return message
