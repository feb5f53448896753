"""Features from columns: numbers as they are, names as categories, dates as days and their parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jointbench.data.columns import HALF, SHOWN, Column, Source, Stray, floats, in_range
from jointbench.data.date_text import microseconds
from jointbench.data.findings import Finding
from jointbench.data.preprocess import MAX_CATEGORIES
from jointbench.errors import BadInput
from jointbench.types import ColumnReading, FloatArray

MISSING_CATEGORY = "(missing)"  # what a missing value of a categorical feature becomes
NEARLY_ALL = 0.9  # of a text column: from that share of numbers on it is taken for a numeric one
MICROSECONDS_A_DAY = 86_400e6
FAR = 1e6  # times their range away from zero: such numbers are counted from the smallest
NEGATIVE_MARKS = (-99.0, -200.0, -999.0, -9999.0, -99999.0)  # what instruments write for "no reading"
POSITIVE_MARKS = (999.0, 9999.0, 99999.0)


@dataclass(frozen=True, eq=False)
class Feature:
    """What a column becomes: one or more feature columns by name, how it was read, and what a reader must know."""

    columns: Mapping[str, pd.Series]
    reading: ColumnReading
    findings: tuple[Finding, ...] = ()


def number(column: Column, source: Source, role: str) -> FloatArray:
    """The column as finite float64, (rows,), NaN where a value is missing.

    Raises BadInput at the first cell that is no number, or none that a network can be given.
    """
    if column.meaning not in ("number", "flag") and column.names is not None:
        place = int(np.flatnonzero(column.cells.notna().to_numpy())[0])
        first = Stray(str(column.cells.iloc[place])[:SHOWN], column.row(place), 0.0)
        raise stray_refused(column.stray or first, f"{source.path}: {role} {column.name!r}", "number")
    if column.numbers is None:
        content = "dates" if column.meaning == "date" else "no values"
        raise BadInput(
            f"{source.path}: {role} {column.name!r} holds {content}, where numbers are expected; give it as a number"
        )
    in_range(column, column.numbers, role, source.path)
    return column.numbers


def stray_refused(stray: Stray, subject: str, expected: str) -> BadInput:
    """The refusal of a cell that is no number, or no date."""
    share = f" ({stray.share:.0%} of its cells are {stray.among})" if stray.share else ""
    return BadInput(
        f"{subject} holds the text {stray.cell!r} in data row {stray.row}, where a {expected} is expected{share}; "
        f"correct such cells, or empty those without a value"
    )


def feature(column: Column, source: Source) -> Feature:
    """The column as a feature. Raises BadInput where nearly all of its cells are numbers, or dates, and one is not."""
    if column.stray is not None and column.stray.share >= NEARLY_ALL:
        raise stray_refused(column.stray, f"{source.path}: feature {column.name!r}", column.stray.among[:-1])
    if column.meaning in ("number", "flag"):
        return _number_feature(column, source)
    if column.dates is not None:
        return _date_feature(column, column.dates)
    if column.names is None:
        return Feature(
            {}, ColumnReading(name=column.name, role="dropped", missing=len(column.cells), reason="it is empty")
        )
    return _category_feature(column, column.names)


def without_marks(
    column: Column, values: FloatArray, source: Source
) -> tuple[FloatArray, tuple[str, ...], tuple[Finding, ...]]:
    """The values without numbers that stand for "missing"; in words, which; findings that name them.

    Such a mark is the smallest value, occurs more than once, and is the only negative one or far below all others.
    """
    ways: list[str] = []
    findings: list[Finding] = []
    while column.name not in source.keep and (mark := _mark(values, NEGATIVE_MARKS)) is not None:
        count = int((values == mark).sum())
        values = np.where(values == mark, np.nan, values)
        ways.append(f"{mark:g} as missing, {count:,} times")
        findings.append(Finding("marks", f"{mark:g} in {column.name!r} ({count:,} times)"))
    if (high := _mark(-values, tuple(-mark for mark in POSITIVE_MARKS))) is not None:
        count = int((values == -high).sum())
        findings.append(Finding("high mark", f"{-high:g} in {column.name!r} ({count:,} times)"))
    return values, tuple(ways), tuple(findings)


def _mark(values: FloatArray, marks: tuple[float, ...]) -> float | None:
    """The smallest value, if it is one of the marks, repeated, and apart from the rest."""
    present = values[~np.isnan(values)]
    low = float(present.min()) if len(present) else 0.0
    rest = present[present != low]
    if low not in marks or len(rest) == 0 or len(present) - len(rest) < 2:
        return None
    apart = rest.min() - low > np.ptp(rest) or (marks is NEGATIVE_MARKS and rest.min() >= 0)
    return low if apart else None


def _number_feature(column: Column, source: Source) -> Feature:
    values = number(column, source, "feature")
    values, marks, findings = without_marks(column, values, source)
    values, counted = _from_smallest(column, values)
    flag = ("true and false as 1 and 0",) if column.meaning == "flag" else ()
    single = ("one value",) if len(np.unique(values[~np.isnan(values)])) == 1 else ()
    zeros = ("leading zeros left out",) if column.codes else ()
    reading = ColumnReading(
        name=column.name,
        role="number",
        detail=", ".join((*flag, *single, *zeros, *column.ways, *marks, *counted)),
        missing=int(np.isnan(values).sum()),
    )
    return Feature({column.name: pd.Series(values)}, reading, findings)


def _from_smallest(column: Column, values: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """The values, counted from the smallest where they are so far from zero that their differences would be lost."""
    present = values[~np.isnan(values)]
    if not len(present) or np.abs(present).max() <= FAR * np.ptp(present) or not np.ptp(present):
        return values, ()
    if column.exact is None:
        low: float | int = float(present.min())
        counted = values - low
    else:
        low = int(column.exact.min())
        counted = floats(column.exact - low)
    return counted, (f"counted from {low}",)


def _category_feature(column: Column, names: pd.Series) -> Feature:
    levels = int(names.nunique())
    missing = int(names.isna().sum())
    folded = (
        f", all but the {MAX_CATEGORIES - 1} commonest share one" if levels + bool(missing) > MAX_CATEGORIES else ""
    )
    findings: tuple[Finding, ...] = ()
    if (stray := column.stray) is not None and stray.share >= HALF:
        text = f"{column.name!r} ({stray.share:.0%} {stray.among}; {stray.cell!r} in data row {stray.row} is none)"
        findings = (Finding("mixed", text),)
    values = names.astype("string").fillna(MISSING_CATEGORY).astype("category").reset_index(drop=True)
    reading = ColumnReading(
        name=column.name,
        role="category",
        detail=", ".join((f"{levels:,} level{'s' if levels > 1 else ''}{folded}", *column.ways)),
        missing=missing,
    )
    return Feature({column.name: values}, reading, findings)


def _date_feature(column: Column, dates: pd.Series) -> Feature:
    """Days since 1970 and, where they vary, the month, the weekday (Monday is 1) and the hour."""
    days = pd.Series(microseconds(dates) / MICROSECONDS_A_DAY, index=dates.index)
    parts = {
        "month": dates.dt.month,
        "weekday": dates.dt.day_of_week + 1,
        "hour": dates.dt.hour + dates.dt.minute / 60,
    }
    varying = {part: values for part, values in parts.items() if values.nunique() > 1}
    columns = {column.name: days, **{f"{column.name}: {part}": values for part, values in varying.items()}}
    reading = ColumnReading(
        name=column.name,
        role="date",
        detail=", ".join(("days since 1970", *varying, *column.ways)),
        missing=int(dates.isna().sum()),
    )
    return Feature({name: pd.Series(values.to_numpy(np.float64)) for name, values in columns.items()}, reading)
