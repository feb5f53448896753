"""Numbers written as text: decimal points and commas, thousands marks, currency signs, percent, marks for "missing".

American: 1,234.50. European: 1.234,50 or 1 234,50. A cell such as "1,234" is both; its column, then the other columns
of the file, then the file's delimiter decide (a semicolon is used where commas are decimal).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jointbench.data.raw_table import is_text
from jointbench.types import FloatArray

UNKNOWN_MARKS = ("?",)  # no class or category is called so
MISSING_MARKS = (
    *UNKNOWN_MARKS,
    *("NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "none"),
    *("-", "--", ".", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!"),
)
EXPONENT = r"([eE][+-]?[0-9]+)?$"
AMERICAN = r"^[+-]?(([0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]*)?|\.[0-9]+)" + EXPONENT
EUROPEAN = r"^[+-]?(([0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+)(,[0-9]*)?|,[0-9]+)" + EXPONENT
UNIT = "^([+-]?[0-9][0-9.,]*)\\s*([A-Za-z\u00b5\u00b0][A-Za-z\u00b5\u00b0\u00b2\u00b3/]{0,5})$"  # a number and what it is of
INFINITE = r"(?i)^[+-]?inf(inity)?$"
SPACED = "^[+-]?[1-9][0-9]{0,2}([ \u00a0\u202f'\u2019][0-9]{3})+([.,][0-9]+)?$"
CURRENCY = "[$\u20ac\u00a3\u00a5\u20b9]"
SIGNS = "[$\u20ac\u00a3\u00a5\u20b9%(\u2212 '\u2019\u00a0\u202f]"
EXACT = 2**53  # whole numbers from here on do not all fit into a float64
EVIDENCE_ROWS = 1000


@dataclass(frozen=True)
class DecimalMark:
    """What a comma means in a file where a cell alone does not tell. proven: some column of the file shows it."""

    comma: bool = False
    proven: bool = False


POINT = DecimalMark()


@dataclass(frozen=True, eq=False)
class NumberText:
    """A text column read as numbers.

    values: (rows,), NaN where missing or no number; exact: the same as integers, where a float64 cannot hold them.
    ways: in words, how it was read. stray: place of the first cell that is no number, and share: how many cells are.
    """

    values: FloatArray
    exact: pd.Series | None
    ways: tuple[str, ...]
    stray: int | None
    share: float


def number_text(column: pd.Series, mark: DecimalMark) -> NumberText:
    """The column's cells as numbers, as far as they are."""
    cells = _arrow(column)
    marked = pc.fill_null(pc.is_in(cells, value_set=pa.array(MISSING_MARKS, cells.type)), False)
    present = pc.if_else(marked, pa.scalar(None, cells.type), cells)
    count = len(present) - present.null_count
    if not count or not _any_number(present):
        stray = np.flatnonzero(present.is_valid().to_numpy(zero_copy_only=False))
        return NumberText(np.full(len(cells), np.nan), None, (), int(stray[0]) if len(stray) else None, 0.0)
    bare, units = _without_unit(present)
    bare, signs, odd = _without_signs(bare)
    plain, marks = _with_points(bare, mark)
    fits = pc.or_(pc.match_substring_regex(plain, AMERICAN), pc.match_substring_regex(plain, INFINITE))
    fits = pc.fill_null(pc.and_not(fits, odd), True)
    strays = np.flatnonzero(~fits.to_numpy(zero_copy_only=False))
    plain = pc.if_else(fits, plain, pa.scalar(None, plain.type))
    values: FloatArray = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return NumberText(
        values=values,
        exact=_exact(plain, values),
        ways=(*units, *signs, *marks, *_missing_in_words(cells, marked)),
        stray=int(strays[0]) if len(strays) else None,
        share=1 - len(strays) / count,
    )


def decimal_mark(frame: pd.DataFrame, delimiter: str) -> DecimalMark:
    """What a lone comma means in this file, from the columns where it can mean one thing only."""
    american = False  # some column shows that commas are thousands marks
    for name in frame.columns:
        if not is_text(frame[name]):
            continue
        cells = pc.drop_null(_arrow(frame[name]).slice(0, EVIDENCE_ROWS))
        commas = _without_signs(cells.filter(pc.match_substring(cells, ",")))[0]
        fits_american = pc.match_substring_regex(commas, AMERICAN)
        fits_european = pc.match_substring_regex(commas, EUROPEAN)
        if len(commas) and pc.all(fits_european).as_py() and not pc.all(fits_american).as_py():
            return DecimalMark(comma=True, proven=True)
        american |= bool(len(commas)) and pc.all(fits_american).as_py() and not pc.all(fits_european).as_py()
    return DecimalMark(comma=delimiter == ";" and not american)


def leading_zeros(column: pd.Series) -> bool:
    """Whether some cell is a code such as 02116: digits, the first a zero."""
    return bool(pc.any(pc.match_substring_regex(_arrow(column), "^0[0-9]+$")).as_py())


def _arrow(column: pd.Series) -> Any:
    """One Arrow array of text."""
    array = pa.array(column, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _any_number(cells: Any) -> bool:
    """Whether one of the first cells has a digit to begin with: a quick no for columns of names."""
    head = pc.drop_null(cells).slice(0, EVIDENCE_ROWS)
    return bool(
        pc.any(pc.match_substring_regex(head, f"^[^A-Za-z]{{0,4}}[0-9]|{INFINITE[4:]}", ignore_case=True)).as_py()
    )


def _without_unit(cells: Any) -> tuple[Any, tuple[str, ...]]:
    """The cells without the unit that stands behind every number ("12 kg", "12 EUR"); in words, which."""
    if not pc.any(pc.match_substring_regex(cells, UNIT)).as_py():
        return cells, ()
    units = pc.replace_substring_regex(cells, UNIT, r"\2")
    different = pc.unique(pc.drop_null(units))
    exponent = pc.any(pc.match_substring_regex(different, "^[0-9]|^[eE]$")).as_py()
    if len(different) != 1 or exponent:  # without one somewhere, or of several: the column is none of numbers
        return cells, ()
    return pc.replace_substring_regex(cells, UNIT, r"\1"), (f"in {different[0].as_py()}",)


def _without_signs(cells: Any) -> tuple[Any, tuple[str, ...], Any]:
    """The cells without currency and percent signs and spaces between thousands; in words, what was there; which
    cells have no percent sign where others do."""
    nothing = pa.array(np.zeros(len(cells), bool))
    if not pc.any(pc.match_substring_regex(cells, SIGNS)).as_py():
        return cells, (), nothing
    cells = pc.replace_substring(cells, "\N{MINUS SIGN}", "-")
    ways = []
    parenthesised = pc.replace_substring_regex(cells, rf"^\(({CURRENCY}?\s*[0-9][0-9.,]*)\)$", r"-\1")
    if not parenthesised.equals(cells):
        ways.append("parentheses as a minus sign")
    bare = pc.replace_substring_regex(parenthesised, rf"^([+-]?)\s*{CURRENCY}\s*|\s*{CURRENCY}$", r"\1")
    if not bare.equals(parenthesised):
        ways.append("currency signs left out")
    percent = pc.match_substring_regex(bare, r"[0-9]\s*%$")
    if some := pc.any(percent).as_py():
        ways.append("in percent")
        bare = pc.replace_substring_regex(bare, r"\s*%$", "")
    spaced = pc.match_substring_regex(bare, SPACED)
    if pc.any(spaced).as_py():
        ways.append("spaces as thousands marks")
        bare = pc.if_else(spaced, pc.replace_substring_regex(bare, "[ \u00a0\u202f'\u2019]", ""), bare)
    return bare, tuple(ways), pc.fill_null(pc.invert(percent), False) if some else nothing


def _with_points(cells: Any, mark: DecimalMark) -> tuple[Any, tuple[str, ...]]:
    """The cells with decimal points and without thousands marks; in words, what was there instead."""
    comma, dot = (pc.fill_null(pc.match_substring(cells, sign), False) for sign in ",.")
    commas, dots = pc.any(comma).as_py(), pc.any(dot).as_py()
    if not commas and not (dots and mark.proven):
        return cells, ()
    american, european = (pc.sum(pc.match_substring_regex(cells, style)).as_py() or 0 for style in (AMERICAN, EUROPEAN))
    if american > european or (american == european and not (mark.comma if commas else mark.proven)):
        grouped = pc.match_substring_regex(cells, AMERICAN)
        plain = pc.if_else(grouped, pc.replace_substring(cells, ",", ""), cells)
        return plain, ("commas as thousands marks",) if pc.any(pc.and_(grouped, comma)).as_py() else ()
    fits = pc.match_substring_regex(cells, EUROPEAN)
    plain = pc.if_else(fits, pc.replace_substring(pc.replace_substring(cells, ".", ""), ",", "."), cells)
    ways = [("decimal commas", comma), ("dots as thousands marks", dot)]
    return plain, tuple(way for way, has in ways if pc.any(pc.and_(fits, has)).as_py())


def _exact(plain: Any, values: FloatArray) -> pd.Series | None:
    """The cells as integers where a float64 is too coarse for them and they are integers."""
    present = ~np.isnan(values)
    if not present.any() or np.abs(values[present]).max() < EXACT:
        return None
    try:
        return pd.Series(pc.cast(plain, pa.int64()).to_pandas(integer_object_nulls=True), dtype="Int64")
    except pa.ArrowInvalid:
        return None


def _missing_in_words(cells: Any, marked: Any) -> tuple[str, ...]:
    counts = pc.value_counts(cells.filter(marked)).to_pylist()
    return tuple(f"{item['values']!r} as missing, {item['counts']:,} times" for item in counts)
