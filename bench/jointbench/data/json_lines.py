"""JSON Lines: an object a line, whose names are the columns."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import pyarrow as pa
from pyarrow import json as arrow_json

from jointbench.data.arrow_files import raw_table_of
from jointbench.data.decompressed import opened
from jointbench.data.raw_table import RawTable
from jointbench.errors import BadInput

LONGEST_LINE_BYTES = 1 << 22
CHANGED = re.compile(r"Column\(/?([^)]*)\) changed from (\w+) to (\w+) in row (\d+)")


def read_json_lines(path: Path) -> RawTable:
    """The table in a JSON Lines file; a name that a line lacks is a missing cell.

    Raises BadInput for nested values, for a column of numbers and text, and for what is no JSON.
    """
    with opened(path) as file:
        head = file.read(2)
    if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise BadInput(f"{path} is JSON Lines in UTF-16; save it as UTF-8")
    if head[:1] == b"[":
        raise BadInput(
            f"{path} holds one JSON list, not an object a line; write each of its objects into a line of its own"
        )
    try:
        with opened(path) as file:
            table = arrow_json.read_json(
                file,
                read_options=arrow_json.ReadOptions(block_size=LONGEST_LINE_BYTES, use_threads=False),
            )
    except pa.ArrowInvalid as error:
        raise _refusal(path, str(error)) from error
    if not table.num_columns:
        raise BadInput(f"{path} is empty; an object with names and values in each line is wanted")
    for field in table.schema:
        if pa.types.is_nested(field.type):
            kind = "objects" if pa.types.is_struct(field.type) else "lists"
            raise BadInput(
                f"{path}: column {field.name!r} holds {kind}, which no network here takes; "
                f"leave it out of the file, or give each part of it a name of its own"
            )
    return raw_table_of(table, path, "JSON Lines")


def _refusal(path: Path, reason: str) -> BadInput:
    """pyarrow's reason in words that name the column and the way out. (Its rows count from 0 within a block.)"""
    if "Empty JSON" in reason:
        return BadInput(f"{path} is empty; an object with names and values in each line is wanted")
    if changed := CHANGED.search(reason):
        name, before, after = changed[1], *("list" if kind == "array" else kind for kind in changed.group(2, 3))
        if not name:
            return BadInput(f"{path} cannot be read as JSON Lines: it has a line that is no object {{...}}")
        return BadInput(
            f"{path}: column {name!r} holds {before} in one line and {after} in another; write all of them as text, or "
            f"null where there is no value"
        )
    if "straddl" in reason:
        return BadInput(f"{path} cannot be read as JSON Lines: a line is longer than {LONGEST_LINE_BYTES:,} bytes")
    return BadInput(f"{path} cannot be read as JSON Lines, an object {{...}} a line: {reason.splitlines()[0][:200]}")
