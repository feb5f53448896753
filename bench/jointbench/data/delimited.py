"""Text tables: comma, semicolon, tab or "|" between the columns, also compressed. Every cell is read as text."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from jointbench.data.decompressed import NAMES as COMPRESSIONS
from jointbench.data.decompressed import opened
from jointbench.data.dialect import Dialect, dialect
from jointbench.data.raw_table import RawTable, column_names
from jointbench.errors import BadInput

SAMPLE_BYTES = 1 << 20
LONGEST_LINE_BYTES = 1 << 22
MOST_COLUMNS = 20_000
UTF_8, UTF_16, WESTERN = "utf-8", "utf-16", "cp1252"
ENCODING_NAMES = {UTF_8: "UTF-8", UTF_16: "UTF-16", WESTERN: "cp1252"}
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def read_delimited(path: Path) -> RawTable:
    """The table in a text file. Raises BadInput for a file that is none, csv.Error and the errors of decompression."""
    with opened(path) as file:
        head = file.read(SAMPLE_BYTES)
    encoding = _encoding(head)
    layout = _layout(path, head, encoding)
    if layout.width > MOST_COLUMNS:
        raise BadInput(f"{path} has {layout.width:,} columns; at most {MOST_COLUMNS:,} are supported")
    columns, encoding = _decoded(path, layout, encoding)
    if layout.width == 1 and len(columns[0]):
        raise BadInput(
            f"{path} has one field in each row, {layout.header[0].strip()[:40]!r} in the header; "
            f"columns must be separated by a comma, a semicolon, a tab or '|'"
        )
    remarks = [f"The header has {_quoted(layout.above)} above it: left out."] if layout.above else []
    header = list(layout.header)
    if len(header) < layout.width:
        if columns[-1].null_count == len(columns[-1]):
            columns.pop()
            remarks.append("Every row ends with a delimiter, the header does not: the empty last field is left out.")
        else:
            columns.pop(0)
            remarks.append(
                "The header has one name fewer than the rows have fields: the first field of each is left out."
            )
    remarks.extend(_line_breaks(columns))
    names, repeated = column_names(header)
    frame = pa.table(columns, names=[str(place) for place in range(len(columns))]).to_pandas()
    frame.columns = names
    if encoding == WESTERN:
        remarks.append("The file is not UTF-8; it is read as cp1252, Windows' encoding of western Europe.")
    words = (DELIMITER_NAMES[layout.delimiter], ENCODING_NAMES[encoding], COMPRESSIONS.get(path.suffix.lower(), ""))
    return RawTable(
        path=path,
        frame=frame,
        remarks=(*remarks, *repeated),
        delimiter=layout.delimiter,
        layout=", ".join(word for word in words if word),
    )


def _decoded(path: Path, layout: Dialect, encoding: str) -> tuple[list[pa.ChunkedArray], str]:
    """The columns and the encoding that fits all of the file, whose first letter beyond ASCII may stand far down."""
    for candidate in (UTF_8, WESTERN) if encoding == UTF_8 else (encoding,):
        try:
            return _columns(path, layout, candidate), candidate
        except UnicodeError:
            continue
    raise _no_utf8(path)


def _encoding(head: bytes) -> str:
    """UTF-16 where a mark says so, UTF-8 where the bytes are that, else the commonest other one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(head, final=len(head) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        return WESTERN
    return UTF_8


def _layout(path: Path, head: bytes, encoding: str) -> Dialect:
    """The layout told from the first bytes. Raises BadInput when they are no lines of text."""
    whole = len(head) < SAMPLE_BYTES
    if encoding != UTF_16 and b"\0" in head:
        raise BadInput(f"{path} cannot be read as a table: it holds binary data, not text")
    try:
        sample = codecs.getincrementaldecoder(encoding)().decode(head, final=whole).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _no_utf8(path) from error
    if not whole:
        end = max(sample.rfind("\n"), sample.rfind("\r"))
        if end < 0:
            raise BadInput(f"{path} cannot be read as a table: its first line is longer than {SAMPLE_BYTES:,} bytes")
        sample = sample[: end + 1]
    layout = dialect(sample)
    if layout is None:
        raise BadInput(f"{path} is empty; a table with a header line is wanted")
    return layout


def _columns(path: Path, layout: Dialect, encoding: str) -> list[pa.ChunkedArray]:
    """The cells below the header, column by column: trimmed text, null where empty.

    Raises BadInput at a ragged row, UnicodeError where the text is of another encoding.
    """
    names = [str(place) for place in range(layout.width)]
    ragged: list[Any] = []

    def stop(row: Any) -> str:
        ragged.append(row)
        return "error"

    try:
        with opened(path) as file:
            table = arrow_csv.read_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,  # so that a ragged row comes with its number
                    block_size=LONGEST_LINE_BYTES,
                    skip_rows=layout.lines,
                    column_names=names,
                    encoding=encoding,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=stop
                ),
                convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string())),
            )
    except pa.ArrowInvalid as error:
        text = str(error)
        if ragged:
            raise BadInput(
                f"{path} cannot be read as a table: the row that begins {ragged[0].text[:40]!r} has "
                f"{ragged[0].actual_columns} fields where the others have {ragged[0].expected_columns}"
            ) from error
        if "Empty CSV" in text:
            return [pa.chunked_array([[]], pa.large_string()) for _ in names]
        if "invalid UTF8" in text:
            raise UnicodeError(text) from error
        if "straddl" in text:
            raise BadInput(
                f"{path} cannot be read as a table: a line is longer than {LONGEST_LINE_BYTES:,} bytes"
            ) from error
        raise
    return [_trimmed(column) for column in table.columns]


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)


def _line_breaks(columns: list[pa.ChunkedArray]) -> list[str]:
    """A remark where cells hold line breaks: a stray quote mark swallows the rows down to the next one."""
    count = sum(pc.sum(pc.match_substring(column, "\n")).as_py() or 0 for column in columns)
    return [f"{count:,} cells hold line breaks: if none should, look for a stray quote mark."] if count else []


def _no_utf8(path: Path) -> BadInput:
    return BadInput(f"{path} cannot be read as a table: it is not UTF-8 text; save it as UTF-8")


def _quoted(lines: tuple[str, ...]) -> str:
    text = " / ".join(line[:60] for line in lines[:2])
    return f"{text!r}" + (f" and {len(lines) - 2} more lines" if len(lines) > 2 else "")
