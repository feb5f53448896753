"""Columns that are left out, because no network learns from them what holds for another row: those that name the rows,
free text, columns of one value, and columns that hold the same as another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jointbench.data.columns import Column
from jointbench.data.findings import Finding, FindingKind
from jointbench.data.identifiers import free_text, identifier
from jointbench.types import ColumnReading


@dataclass(frozen=True)
class LeftOut:
    """A column that is no feature: how it was read, and what a reader must know."""

    reading: ColumnReading
    finding: Finding


def spare_columns(columns: Sequence[Column]) -> dict[str, LeftOut]:
    """By name, the columns that are left out. An empty column is read as such, and none of them."""
    filled = [column for column in columns if column.meaning != "empty"]
    left = {column.name: reason for column in filled if (reason := _alone(column)) is not None}
    rest = [column for column in filled if column.name not in left]
    for name, other in _same_as_another(rest):
        left[name] = _left_out(name, f"it holds the same as {other!r}", "duplicate", f"{name!r} (as {other!r})")
    return left


def _alone(column: Column) -> LeftOut | None:
    """Why the column is left out, whatever the others hold."""
    name = column.name
    if reason := identifier(column):
        if free_text(column):
            return _left_out(name, "free text", "free text", repr(name))
        return _left_out(name, f"an identifier: {reason}", "identifier", f"{name!r} ({reason})")
    if column.cells.nunique(dropna=False) == 1:
        return _left_out(name, "it holds one value", "constant", repr(name))
    return None


def _left_out(name: str, reason: str, kind: FindingKind, text: str) -> LeftOut:
    return LeftOut(ColumnReading(name=name, role="dropped", reason=reason), Finding(kind, text))


def _same_as_another(columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """Each column that has the same values in the same rows as an earlier one, and that one."""
    firsts: dict[tuple[str, int], list[tuple[str, pd.Series]]] = {}
    for column in columns:
        values = _values(column)
        key = str(values.dtype), int(pd.util.hash_pandas_object(values, index=False).to_numpy(np.uint64).sum())
        earlier = firsts.setdefault(key, [])
        twin = next((name for name, others in earlier if others.equals(values)), None)
        if twin is None:
            earlier.append((column.name, values))
        else:
            yield column.name, twin


def _values(column: Column) -> pd.Series:
    """Numbers as numbers, whatever they were written as, other cells as text; a missing value equals a missing one."""
    if column.meaning in ("number", "flag") and column.numbers is not None:
        return pd.Series(column.numbers)
    return column.cells.astype(object).where(column.cells.notna(), "").astype(str).reset_index(drop=True)
