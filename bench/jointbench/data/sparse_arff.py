"""Sparse rows of ARFF, {1 5, 3 'red'}: attributes by number, counted from 0, and their values."""

from __future__ import annotations

import re

QUOTED = r"""'[^']*'|"[^"]*\""""
CELL = re.compile(rf"\s*(\d+)\s+({QUOTED}|[^\s,'\"{{}}]+)\s*(?:,|$)")
DECLARATION = re.compile(rf"@attribute\s+(?:{QUOTED}|\S+)\s+(.*)", re.IGNORECASE)
FIRST_NAME = re.compile(rf"\{{\s*({QUOTED}|[^,{{}}]+?)\s*[,}}]")


def value_left_out(declaration: str) -> str:
    """What an attribute is in a row that leaves it out: 0, or the first of its declared names; "" of a date.

    (Sparse ARFF has no other way to write those, and writes "?" where a value is missing.)
    """
    found = DECLARATION.match(declaration.strip())
    kind = found[1].strip() if found else ""
    if kind.startswith("{"):
        first = FIRST_NAME.match(kind)
        return first[1] if first else ""
    return "" if kind.lower().startswith("date") else "0"


def dense_row(row: str, left_out: list[str]) -> str:
    """The same row with a cell for each attribute. Raises ValueError, in words, for a row that is none."""
    if not row.endswith("}"):
        raise ValueError("a sparse row does not end with '}' (the weight of a row is not read)")
    content, place = row[1:-1], 0
    cells: dict[int, str] = {}
    while content[place:].strip():
        cell = CELL.match(content, place)
        if cell is None:
            raise ValueError(f"{content[place:].strip()[:40]!r} is no number of an attribute and its value")
        number = int(cell[1])
        if number >= len(left_out) or number in cells:
            wrong = "is given twice" if number in cells else f"is none of the {len(left_out)}, counted from 0"
            raise ValueError(f"attribute {number} {wrong}")
        cells[number] = cell[2]
        place = cell.end()
    if without := [number for number, value in enumerate(left_out) if not value and number not in cells]:
        raise ValueError(f"attribute {without[0]}, a date, is left out; write its value, or '?'")
    return ",".join(cells.get(number, value) for number, value in enumerate(left_out))
