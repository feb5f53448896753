"""From a file's name to the reader of its kind."""

from __future__ import annotations

import csv
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from jointbench.data.delimited import read_delimited
from jointbench.data.parquet import read_parquet
from jointbench.data.raw_table import RawTable, without_empty_parts
from jointbench.errors import BadInput

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".xz", ".bz2", ".zip", ".parquet", ".pq", ".xlsx", ".xlsm", ".arff")
ARCHIVES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar")
OTHER_FORMATS: tuple[str, ...] = (
    ".xls",
    ".xlsb",
    ".ods",
    ".json",
    ".jsonl",
    ".feather",
    ".pkl",
    ".pickle",
    ".h5",
    ".hdf5",
)
OTHER_FORMATS += (
    ".sav",
    ".dta",
    ".sas7bdat",
    ".orc",
    ".avro",
    ".npy",
    ".npz",
    ".mat",
    ".rds",
    ".rdata",
    ".db",
    ".sqlite",
)
READ = "CSV (also .gz, .bz2, .xz, .zip), Parquet, Excel (.xlsx) and ARFF"
UNREADABLE = (OSError, ValueError, EOFError, ImportError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, csv.Error)


def read_table(path: Path) -> RawTable:
    """The table in a file, as its suffix says; a file of any other suffix is read as text.

    Raises BadInput for a file that is missing, empty or cannot be read.
    """
    try:
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file")
        table = without_empty_parts(_reader(path)(path))
    except (*UNREADABLE, pa.ArrowException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise BadInput(f"{path} cannot be read as a table: {reason}") from error
    if table.frame.empty:
        raise BadInput(f"{path} has a header but no rows")
    return replace(table, path=path)


def _reader(path: Path) -> Callable[[Path], RawTable]:
    """The reader for the file's suffix, in either case. Raises BadInput for a kind of file that is not read."""
    name, suffix = path.name.lower(), path.suffix.lower()
    if name.endswith(ARCHIVES) or (suffix in (".gz", ".xz", ".bz2") and tarfile.is_tarfile(path)):
        raise BadInput(f"{path} is an archive; unpack it and name the table in it")
    if suffix in OTHER_FORMATS:
        raise BadInput(f"{path}: {suffix} files are not read; save the table as one of {READ}")
    if suffix in (".parquet", ".pq"):
        return read_parquet
    if suffix in (".xlsx", ".xlsm"):
        from jointbench.data.spreadsheet import read_spreadsheet  # takes a tenth of a second to import

        return read_spreadsheet
    if suffix == ".arff":
        from jointbench.data.arff import read_arff

        return read_arff
    return read_delimited
