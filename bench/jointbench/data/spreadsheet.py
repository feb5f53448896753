"""The first sheet of an Excel file (.xlsx)."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from datetime import date, datetime, time
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from jointbench.data.dialect import HEADER_WITHIN
from jointbench.data.raw_table import RawTable, column_names
from jointbench.errors import BadInput

DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    InvalidFileException,
)
Cell = str | float | bool | datetime | None


def read_spreadsheet(path: Path) -> RawTable:
    """The table on the first sheet that has cells. Raises BadInput for a file that is no spreadsheet or has none."""
    sheets = _sheets(path)
    title = next((name for name, rows in sheets.items() if any(_filled(row) for row in rows)), None)
    if title is None:
        raise BadInput(f"{path} is empty; a sheet with a header row is wanted")
    width = max(_width(row) for row in sheets[title])
    rows = [(row + [None] * width)[:width] for row in sheets[title]]
    place = next((i for i, row in enumerate(rows[:HEADER_WITHIN]) if _filled(row) > width / 2), 0)
    names, repeated = column_names([_as_text(cell) for cell in rows[place]])
    remarks = []
    if len(sheets) > 1:
        remarks.append(f"Read from the sheet {title!r}, one of {len(sheets)}.")
    if above := sum(_filled(row) > 0 for row in rows[:place]):
        remarks.append(f"The header has {above} row{'s' if above > 1 else ''} above it: left out.")
    body = rows[place + 1 :]
    frame = pd.DataFrame({str(i): _column([row[i] for row in body]) for i in range(width)})
    frame.columns = pd.Index(names)
    return RawTable(path=path, frame=frame, remarks=(*remarks, *repeated), layout="Excel")


def _sheets(path: Path) -> dict[str, list[list[Cell]]]:
    """The rows of each sheet, formulas by their last computed value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on styles and extensions, which hold no data
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                return {
                    sheet.title: [[_cell(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
                    for sheet in book.worksheets
                }
            finally:
                book.close()
    except DAMAGED as error:
        reason = str(error).strip() or type(error).__name__
        raise BadInput(f"{path} cannot be read as a spreadsheet: {reason.splitlines()[0]}") from error


def _cell(value: object) -> Cell:
    """A cell as number, boolean, time or trimmed text; None where it is empty."""
    if isinstance(value, bool | int | float | datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, time):
        return value.hour + value.minute / 60 + value.second / 3600
    return (str(value).strip() or None) if value is not None else None


def _filled(row: list[Cell]) -> int:
    return sum(cell is not None for cell in row)


def _width(row: list[Cell]) -> int:
    """Cells up to the last filled one."""
    return max((place for place, cell in enumerate(row, 1) if cell is not None), default=0)


def _column(cells: list[Cell]) -> pd.Series:
    """Numbers, booleans or times where all cells are; text otherwise."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float}:
        return pd.Series([None if cell is None else float(str(cell)) for cell in cells], dtype="float64")
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean")
    if kinds == {datetime}:
        return pd.Series(pd.to_datetime(pd.Series(cells))).astype("datetime64[us]")
    return pd.Series([_as_text(cell) for cell in cells], dtype="str")


def _as_text(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell)
