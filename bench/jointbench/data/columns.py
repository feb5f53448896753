"""What a column of a table is: numbers, flags, names, dates, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from jointbench.data.date_text import date_text, offsets_are_mixed
from jointbench.data.number_text import (
    EXACT,
    POINT,
    UNKNOWN_MARKS,
    DecimalMark,
    decimal_mark,
    leading_zeros,
    number_text,
)
from jointbench.data.raw_table import RawTable, is_text
from jointbench.errors import BadInput
from jointbench.types import FloatArray

Meaning = Literal["number", "flag", "category", "date", "empty"]
LARGEST = float(np.finfo(np.float32).max)
SMALLEST_RANGE = float(np.finfo(np.float32).tiny)
HALF = 0.5  # of a text column: from that share of numbers on it is said that it holds numbers
SHOWN = 40  # characters of a cell in a message


@dataclass(frozen=True)
class Source:
    """Where columns are from. declared: those that the file says are categories. keep: those to use as they stand.
    categorical: those that the user says are names."""

    path: Path
    mark: DecimalMark = POINT
    declared: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    categorical: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stray:
    """The first cell that is none, in a text column that holds numbers, or dates; share: how many of its cells are."""

    cell: str
    row: int
    share: float
    among: Literal["numbers", "dates"] = "numbers"


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """A column and what it is.

    cells: as read. numbers: (rows,), NaN where missing, of numbers, of flags as 0 and 1, and of text with numbers in
    it; exact: the same as integers, where a float64 cannot hold them. names: text of categories and flags. dates: UTC.
    ways: in words, how cells were read that are not plain. codes: digits that begin with a zero, such as 02116.
    """

    name: str
    meaning: Meaning
    cells: pd.Series
    numbers: FloatArray | None = None
    exact: pd.Series | None = None
    names: pd.Series | None = None
    dates: pd.Series | None = None
    ways: tuple[str, ...] = ()
    stray: Stray | None = None
    codes: bool = False

    def row(self, place: int) -> int:
        """The number of a row in the file, from 1, header and lines above it not counted."""
        return int(self.cells.index[place]) + 1

    def shown(self, place: int) -> str:
        """A cell for a message."""
        return repr(str(self.cells.iloc[place])[:SHOWN])


def source_of(table: RawTable, keep: frozenset[str] = frozenset(), categorical: frozenset[str] = frozenset()) -> Source:
    return Source(table.path, decimal_mark(table.frame, table.delimiter), table.declared, keep, categorical)


def interpret(cells: pd.Series, name: str, source: Source) -> Column:
    """The column, by its type, by the file's declaration and, where it is text, by all of its cells.

    Raises BadInput for dates that can be read in two ways.
    """
    if cells.isna().all():
        return Column(name=name, meaning="empty", cells=cells)
    if name in source.categorical:
        return _category(cells, name, _whole_as_text(cells, source), source)
    if name in source.declared:
        return _category(cells, name, _as_text(cells), source)
    if pd.api.types.is_bool_dtype(cells.dtype):
        return Column(name=name, meaning="flag", cells=cells, numbers=floats(cells), names=_as_text(cells))
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        zoned = isinstance(cells.dtype, pd.DatetimeTZDtype)
        dates = cells.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else cells
        ways = ("in UTC",) if zoned else ()
        return Column(name=name, meaning="date", cells=cells, dates=dates.astype("datetime64[us]"), ways=ways)
    if not is_text(cells):
        exact = cells if cells.dtype.kind in "iu" and _is_long(cells) else None
        return Column(name=name, meaning="number", cells=cells, numbers=floats(cells), exact=exact)
    return _text(cells, name, source)


def _text(cells: pd.Series, name: str, source: Source) -> Column:
    """A text column: flags, numbers or dates where all its cells are, names otherwise."""
    spellings = {str(cell).casefold() for cell in cells.dropna().iloc[:100]}
    if spellings <= {"true", "false"} and (lower := cells.dropna().str.casefold()).isin(["true", "false"]).all():
        flags = lower.eq("true").reindex(cells.index)
        return Column(name=name, meaning="flag", cells=cells, numbers=floats(flags), names=cells)
    numbers = number_text(cells, source.mark)
    if numbers.stray is None and numbers.share > 0:
        return Column(
            name=name,
            meaning="number",
            cells=cells,
            numbers=numbers.values,
            exact=numbers.exact,
            ways=numbers.ways,
            codes=leading_zeros(cells),
        )
    dates = date_text(cells) if numbers.share < HALF else None
    if dates is not None and dates.stray is None:
        column = Column(name=name, meaning="date", cells=cells, dates=dates.values, ways=dates.ways)
        _refuse_unclear_dates(column, dates.second, source.path)
        return column
    category = _category(cells, name, cells, source)
    if dates is not None and dates.stray is not None:
        return replace(category, stray=_stray(cells, dates.stray, dates.share, "dates"))
    if numbers.stray is not None and numbers.share:
        return replace(category, stray=_stray(cells, numbers.stray, numbers.share, "numbers"), numbers=numbers.values)
    return category


def _stray(cells: pd.Series, place: int, share: float, among: Literal["numbers", "dates"]) -> Stray:
    return Stray(str(cells.iloc[place])[:SHOWN], int(cells.index[place]) + 1, share, among)


def _refuse_unclear_dates(column: Column, second: pd.Series | None, path: Path) -> None:
    """Raises BadInput where day and month may be swapped, or where a time's offset from UTC is given now and then."""
    if second is not None and column.dates is not None:
        place = int(np.flatnonzero((second != column.dates).to_numpy() & column.dates.notna().to_numpy())[0])
        readings = " or ".join(f"{dates.iloc[place]:%d %B %Y}" for dates in (column.dates, second))
        raise BadInput(
            f"{path}: the dates of column {column.name!r} can be read in two ways: {column.shown(place)} in data row "
            f"{column.row(place)} is {readings}; write them as year-month-day"
        )
    if offsets_are_mixed(column.cells):
        raise BadInput(
            f"{path}: some times of column {column.name!r} have an offset from UTC and others have none; "
            f"give all of them one, or none"
        )


def _category(cells: pd.Series, name: str, text: pd.Series, source: Source) -> Column:
    """Names, "?" as a missing one, and spellings that differ in case as one name."""
    if name in source.keep:
        return Column(name=name, meaning="category", cells=cells, names=text, codes=leading_zeros(text))
    ways = []
    unknown = text.isin(UNKNOWN_MARKS)
    if unknown.any():
        text = text.mask(unknown)
        ways.append(f"'?' as missing, {int(unknown.sum()):,} times")
    spellings = text.value_counts()
    words = pd.Series(spellings.index, dtype=object)
    folded = words.where(words.str.len() < 2, words.str.casefold())  # "A" and "a" may be two grades
    first = words.groupby(folded).transform("first")  # the commonest spelling
    changed = (first != words).to_numpy()
    if changed.any():
        text = text.replace(dict(zip(words[changed], first[changed], strict=True)))
        pairs = [f"{word!r} as {name!r}" for word, name in zip(words[changed], first[changed], strict=True)]
        ways.append(", ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""))
    if text.isna().all():
        return Column(name=name, meaning="empty", cells=cells, ways=tuple(ways))
    return Column(name=name, meaning="category", cells=cells, names=text, ways=tuple(ways), codes=leading_zeros(text))


def number_label(value: float) -> str:
    """A number as a class is called by it: 1, not 1.0."""
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)


def _as_text(cells: pd.Series) -> pd.Series:
    """Cells of any type as names."""
    if is_text(cells):
        return cells
    if pd.api.types.is_bool_dtype(cells.dtype) or cells.dtype.kind in "iu":
        return cells.map(str, na_action="ignore").astype("str")
    if cells.dtype.kind == "f":
        return cells.map(lambda value: number_label(float(value)), na_action="ignore").astype("str")
    return cells.map(lambda value: str(value).removesuffix(" 00:00:00"), na_action="ignore").astype("str")


def _whole_as_text(cells: pd.Series, source: Source) -> pd.Series:
    """Names, 1 for 1.0 where all cells are whole numbers: a missing cell among them makes them so in many a file."""
    if is_text(cells) and not leading_zeros(cells):
        read = number_text(cells, source.mark)
        whole = read.values == np.round(read.values)
        if read.stray is None and read.exact is None and whole[~np.isnan(read.values)].all():
            return _as_text(pd.Series(read.values, index=cells.index))
    return _as_text(cells)


def floats(cells: pd.Series) -> FloatArray:
    """Numbers or booleans of any type as float64, NaN where missing."""
    return np.asarray(cells.astype("Float64").to_numpy(np.float64, na_value=np.nan), np.float64)


def _is_long(cells: pd.Series) -> bool:
    present = cells.dropna()
    return bool(len(present)) and max(abs(int(present.min())), abs(int(present.max()))) >= EXACT


def in_range(column: Column, values: FloatArray, role: str, path: Path) -> None:
    """Raises BadInput at the first value that a float32 network cannot be given."""
    too_large = np.flatnonzero(np.abs(values) > LARGEST)  # infinity too
    if len(too_large):
        place = int(too_large[0])
        value = "an infinite value" if np.isinf(values[place]) else f"{values[place]:.3g}"
        raise BadInput(
            f"{path}: {role} {column.name!r} holds {value} in data row {column.row(place)}; numbers up to "
            f"{LARGEST:.1g} are supported: give it in a larger unit, or empty the cell"
        )
    present = values[~np.isnan(values)]
    spread = float(np.ptp(present)) if len(present) else 0.0
    if 0 < spread < SMALLEST_RANGE:
        raise BadInput(
            f"{path}: {role} {column.name!r} varies by {spread:.3g} only, less than a network's numbers can show; "
            f"give it in a smaller unit"
        )
