"""A table as a file holds it, before any column has a meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """A file's columns.

    frame: text columns without blanks around the cells and with empty cells missing; other columns as the file types
    them; its index is the place of each row in the file. declared: columns that the file says are categories.
    remarks: sentences on what was left out or renamed. delimiter: of a text table, else "". layout: how the
    file is laid out, in words. first_test_row: from this place on, the rows are those of --test; None without.
    cut_from: rows of the file where these are a sample of them, else 0.
    """

    path: Path
    frame: pd.DataFrame
    declared: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()
    delimiter: str = ""
    layout: str = ""
    first_test_row: int | None = None
    cut_from: int = 0


def is_text(column: pd.Series) -> bool:
    """Whether the cells are text (or, from a spreadsheet, of several types)."""
    return bool(column.dtype == object or pd.api.types.is_string_dtype(column.dtype))


def column_names(names: Sequence[object]) -> tuple[list[str], tuple[str, ...]]:
    """Names for columns, each once and without blanks around it, and remarks on those that were repeated."""
    plain = ["" if name is None else str(name).strip() for name in names]
    filled = [name or f"Unnamed: {place}" for place, name in enumerate(plain)]
    seen: Counter[str] = Counter()
    unique: list[str] = []
    remarks = []
    for name in filled:
        candidate = name
        while candidate in unique or (candidate != name and candidate in filled):
            seen[name] += 1
            candidate = f"{name}.{seen[name]}"
        if candidate != name:
            remarks.append(
                f"The header names {name!r} more than once; column {len(unique) + 1} is called {candidate!r}."
            )
        unique.append(candidate)
    return unique, tuple(remarks)


def without_empty_parts(table: RawTable) -> RawTable:
    """The table without empty rows, without nameless empty columns and without rows that repeat the header."""
    frame, remarks = table.frame, list(table.remarks)
    nameless = [
        name
        for place, name in enumerate(frame.columns)
        if name == f"Unnamed: {place}" and bool(frame[name].isna().all())
    ]
    if nameless and len(nameless) < frame.shape[1]:
        frame = frame.drop(columns=nameless)
        remarks.append(f"{_counted(len(nameless), 'empty column')} without a name left out.")
    empty = frame.isna().all(axis=1)
    if empty.any():
        frame = frame[~empty]
        remarks.append(f"{_counted(int(empty.sum()), 'empty row')} left out.")
    repeated = _repeats_header(frame)
    if repeated.any():
        row = int(frame.index[repeated.to_numpy()][0]) + 1
        frame = frame[~repeated]
        remarks.append(
            f"The header is repeated in {_counted(int(repeated.sum()), 'row')} (first in data row {row}): left out."
        )
    return replace(table, frame=frame, remarks=tuple(remarks))


def _repeats_header(frame: pd.DataFrame) -> pd.Series:
    """Per row, whether each of its cells is the name of its column."""
    repeated = pd.Series(frame.shape[1] > 1, index=frame.index)
    for name in frame.columns:
        if not repeated.any():
            break
        repeated &= (frame[name] == name).fillna(False).astype(bool) if is_text(frame[name]) else False
    return repeated


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
