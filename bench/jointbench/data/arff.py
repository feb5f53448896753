"""ARFF files: numbers, declared categories and dates. (SciPy reads no text attributes.)"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import arff

from jointbench.data.raw_table import RawTable, column_names
from jointbench.data.sparse_arff import dense_row, value_left_out
from jointbench.errors import BadInput, first_line

QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
COMMA = re.compile(rf"({QUOTED.pattern})|\s*,\s*")
INSTEAD = "save the table as CSV or Parquet"


def read_arff(path: Path) -> RawTable:
    """The table in an ARFF file. Raises BadInput for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} cannot be read as ARFF: it is not UTF-8; save it as UTF-8") from error
    lines = list(_lines(path, text))
    try:
        cells, about = arff.loadarff(io.StringIO(_ascii("\n".join(lines))))
    except StopIteration as error:
        raise BadInput(f"{path} cannot be read as ARFF: it has no @data") from error
    except (arff.ArffError, ValueError, LookupError, NotImplementedError, TypeError) as error:
        reason = _text(first_line(error))[:200]
        raise BadInput(f"{path} cannot be read as ARFF: {reason}; {INSTEAD}") from error
    attributes = about.names()
    names, remarks = column_names([_text(attribute) for attribute in attributes])
    columns = {name: _column(cells[attribute]) for name, attribute in zip(names, attributes, strict=True)}
    declared = frozenset(n for n, a in zip(names, attributes, strict=True) if about[a][0] == "nominal")
    return RawTable(path=path, frame=pd.DataFrame(columns), declared=declared, remarks=remarks, layout="ARFF")


def _lines(path: Path, text: str) -> Iterator[str]:
    """The lines, blanks around the commas of declared names left out. Raises BadInput for what SciPy misreads."""
    left_out: list[str] = []  # by attribute
    in_data = False
    for number, line in enumerate(text.split("\n"), start=1):
        start = line.strip().lower()
        if not start or start.startswith("%"):
            continue
        if "\\" in line and not start.startswith("@relation"):
            raise BadInput(f"{path}, line {number}: names with a backslash are not read; {INSTEAD}")
        if in_data:
            if start.startswith("{"):
                try:
                    line = dense_row(line.strip(), left_out)
                except ValueError as error:
                    raise BadInput(f"{path}, line {number}: {error}") from error
            if (cells := _cells(line)) != len(left_out):
                raise BadInput(f"{path}, line {number}: it has {cells} cells for {len(left_out)} attributes")
        elif start.startswith("@attribute"):
            line = COMMA.sub(lambda found: found[1] or ",", line) if "{" in line else line
            left_out.append(value_left_out(line))
        in_data = in_data or start.startswith("@data")
        yield line


def _cells(line: str) -> int:
    """How many cells a row has, which commas part, or tabs where there is no comma."""
    bare = QUOTED.sub("x", line.strip())
    return (bare.count(",") or bare.count("\t")) + 1


def _ascii(text: str) -> str:
    """The text with other characters as numbers, for SciPy, whose names are ASCII; ``_text`` turns it back."""
    return text.replace("&", "&#38;").encode("ascii", "xmlcharrefreplace").decode()


def _text(ascii_text: str) -> str:
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), ascii_text)


def _column(values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> pd.Series:
    if values.dtype.kind == "S":  # names, "?" where missing
        text = [_text(cell.decode("ascii")).strip() for cell in values.tolist()]
        return pd.Series([None if cell in ("", "?") else cell for cell in text], dtype="str")
    return pd.Series(values.astype("datetime64[us]") if values.dtype.kind == "M" else values.astype(np.float64))
