"""From a file's name to the reader of its kind."""

from __future__ import annotations

import csv
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from jointbench.data.arrow_files import read_feather, read_parquet
from jointbench.data.delimited import read_delimited
from jointbench.data.file_kind import kind_of
from jointbench.data.json_lines import read_json_lines
from jointbench.data.raw_table import RawTable, without_empty_parts
from jointbench.errors import BadInput, first_line

UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    ImportError,
    RuntimeError,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
    csv.Error,
)


def read_table(path: Path) -> RawTable:
    """The table in a file, as its suffix says; a file of any other suffix is read as text.

    Raises BadInput for a file that is missing, empty or cannot be read.
    """
    try:
        _check_is_a_file(path)
        table = without_empty_parts(_reader(path)(path))
    except (*UNREADABLE, pa.ArrowException) as error:
        reason = first_line(error)[:200]
        raise BadInput(f"{path} cannot be read as a table: {reason}") from error
    if table.frame.empty:
        raise BadInput(f"{path} has a header but no rows")
    return replace(table, path=path)


def _check_is_a_file(path: Path) -> None:
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the table in it")
    if path.is_fifo() or path.is_char_device() or path.is_socket():
        raise BadInput(
            f"{path} is no file but a pipe or a device; give what comes through it to standard input, and name -"
        )
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")


def _reader(path: Path) -> Callable[[Path], RawTable]:
    """The reader for the file's kind. Raises BadInput for a kind of file that is not read."""
    kind = kind_of(path)
    if kind == "spreadsheet":
        from jointbench.data.spreadsheet import read_spreadsheet  # takes a tenth of a second to import

        return read_spreadsheet
    if kind == "arff":
        from jointbench.data.arff import read_arff

        return read_arff
    readers = {"parquet": read_parquet, "feather": read_feather, "json lines": read_json_lines, "text": read_delimited}
    return readers[kind]
