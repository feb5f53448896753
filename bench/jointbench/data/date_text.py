"""Dates written as text: one format for a whole column, never one for each cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from jointbench.data.number_text import MISSING_MARKS
from jointbench.types import FloatArray

ISO = "ISO8601"
ISO_BEGINS = r"\d{4}-\d{2}(?:-\d{2}|$)"
LIKE_A_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9},? .*\d{4}")
HAS_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2})$"
DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d-%m-%y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")  # with dots the day is first everywhere
YEAR_FIRST = ("%Y/%m/%d", "%Y.%m.%d")
MONTH_NAMED = (
    *("%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y"),
    *("%B %Y", "%b %Y", "%a %d %b %Y", "%a, %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y"),
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z", " %H:%M:%S%z")
EARLY_CELLS = 50  # on which formats are tried before the whole column
FORMAT_CELLS = 5  # different ones, from which the formats to try are taken
NO_DATES = (*MISSING_MARKS, "0000-00-00", "0000-00-00 00:00:00")


@dataclass(frozen=True, eq=False)
class DateText:
    """A text column read as dates. values: datetime64[us], UTC, NaT where missing or no date. ways: in words.

    second: the dates read day and month the other way about, where that is possible too; else None.
    stray: place of the first cell that is no date; share: how many cells are dates.
    """

    values: pd.Series
    ways: tuple[str, ...]
    second: pd.Series | None
    stray: int | None
    share: float


def date_text(column: pd.Series) -> DateText | None:
    """The column's cells as dates of one format, as far as they are; None where the first ones are none."""
    present = column[column.notna() & ~column.isin(NO_DATES)]
    if present.empty:
        return None
    cells = pd.Series(present.unique(), dtype=object)
    read = [(name, _parsed(cells, name)) for name in _formats(cells)]
    best = max((int(dates.notna().sum()) for _, dates in read), default=0)
    fitting = [(name, dates) for name, dates in read if int(dates.notna().sum()) == best]
    if not best:
        return None
    name, dates = fitting[0]
    other = next((second for _, second in fitting[1:] if not second.equals(dates)), None)
    values = _spread(column, cells, dates)
    stray = np.flatnonzero((values.isna() & column.index.isin(present.index)).to_numpy())
    return DateText(
        values=values,
        ways=_in_words(name, cells),
        second=None if other is None else _spread(column, cells, other),
        stray=int(stray[0]) if len(stray) else None,
        share=1 - len(stray) / len(present),
    )


def microseconds(dates: pd.Series) -> FloatArray:
    """Microseconds since 1970 of times in UTC, NaN where missing. (Exact until the year 2255.)"""
    counts = dates.astype("datetime64[us]").to_numpy().astype(np.int64).astype(np.float64)
    return np.where(dates.isna().to_numpy(), np.nan, counts)


def offsets_are_mixed(column: pd.Series) -> bool:
    """Whether some times have an offset from UTC and others have none, so that they cannot be put in order."""
    present = column[column.notna() & ~column.isin(NO_DATES)].astype(str)
    count = int(present.str.contains(HAS_OFFSET, regex=True).sum())
    return 0 < count < len(present) and bool(present.str.contains(":", regex=False).any())


def _formats(cells: pd.Series) -> list[str]:
    """The formats that fit one of the first cells."""
    names: dict[str, None] = {}
    for cell in cells.iloc[:FORMAT_CELLS].astype(str):
        if re.match(ISO_BEGINS, cell):
            names[ISO] = None
        elif LIKE_A_DATE.match(cell) and len(cell) <= 40:
            days = (*DAY_FIRST, *MONTH_FIRST, *YEAR_FIRST, *MONTH_NAMED)
            names.update((day + clock, None) for day in days for clock in CLOCKS if _is_of_format(cell, day + clock))
    return list(names)


def _is_of_format(cell: str, name: str) -> bool:
    try:
        datetime.strptime(cell, name)
    except ValueError:
        return False
    return True


def _parsed(cells: pd.Series, name: str) -> pd.Series:
    """The cells as UTC times without zone, NaT for a cell of another format."""
    if (
        name != ISO
        and pd.to_datetime(cells.iloc[:EARLY_CELLS], format=name, errors="coerce", utc=True).isna().mean() > 0.5
    ):
        return pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    if name == ISO:
        cells = cells.where(cells.str.match(ISO_BEGINS), None)  # pandas takes "-999" for a year
    dates = pd.to_datetime(cells, format=name, errors="coerce", utc=True)
    return pd.Series(dates.dt.tz_localize(None)).astype("datetime64[us]")


def _spread(column: pd.Series, cells: pd.Series, dates: pd.Series) -> pd.Series:
    """A date for each row, from the date of each different cell."""
    places = pd.Series(np.arange(len(cells)), index=pd.Index(cells, dtype=object))
    place = column.astype(object).map(places)
    values = dates.reindex(place.fillna(-1).astype(int)).astype("datetime64[us]")
    return pd.Series(values.to_numpy(), index=column.index)


def _in_words(name: str, cells: pd.Series) -> tuple[str, ...]:
    order = "day first" if name.startswith(DAY_FIRST) else "month first" if name.startswith(MONTH_FIRST) else ""
    zone = "offsets turned into UTC" if "%z" in name or cells.astype(str).str.contains(f":.*{HAS_OFFSET}").any() else ""
    return tuple(word for word in (order, zone) if word)
