"""Of what kind a file is: by its name, or by its first bytes where the name says nothing."""

from __future__ import annotations

import codecs
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from jointbench.data.decompressed import NAMES as COMPRESSIONS
from jointbench.data.decompressed import OPENERS, inner_name
from jointbench.errors import BadInput

KINDS = {
    ".csv": "text",
    ".tsv": "text",
    ".tab": "text",
    ".txt": "text",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".xlsx": "spreadsheet",
    ".xlsm": "spreadsheet",
    ".arff": "arff",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
}
TABLE_SUFFIXES = (*KINDS, *COMPRESSIONS)
ARCHIVES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar")
OTHER_FORMATS = (
    *(".xls", ".xlsb", ".ods", ".json", ".pkl", ".pickle", ".h5", ".hdf5", ".sav", ".dta", ".sas7bdat", ".orc"),
    *(".avro", ".npy", ".npz", ".mat", ".rds", ".rdata", ".db", ".sqlite"),
)
KNOWN_SUFFIXES = (*TABLE_SUFFIXES, *OTHER_FORMATS, *ARCHIVES)
READ = "CSV or JSON Lines (also .gz, .bz2, .xz, .zst, .zip), Parquet, Feather, Excel (.xlsx) and ARFF"
HEAD_BYTES = 1 << 16
DAMAGED = (lzma.LZMAError, zlib.error)
FIRST_BYTES = (
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".feather"),
    (b"FEA1", ".feather"),
    (b"\x1f\x8b", ".gz"),
    (b"BZh", ".bz2"),
    (b"\xfd7zXZ\0", ".xz"),
    (b"\x28\xb5\x2f\xfd", ".zst"),
)


def kind_of(path: Path) -> str:
    """One of the values of ``KINDS``, by the suffix in either case; a file of any other suffix is text.

    Raises BadInput for a kind of file that is not read.
    """
    suffix = path.suffix.lower()
    if path.name.lower().endswith(ARCHIVES) or (suffix in (".gz", ".xz", ".bz2") and tarfile.is_tarfile(path)):
        raise BadInput(f"{path} is an archive; unpack it and name the table in it")
    inner = Path(inner_name(path)).suffix
    if OTHER_FORMATS.count(suffix) or (suffix in COMPRESSIONS and inner in OTHER_FORMATS):
        raise BadInput(
            f"{path}: {suffix if suffix in OTHER_FORMATS else inner} files are not read; save the table as one of {READ}"
        )
    kind = KINDS.get(inner, "text")
    if suffix in COMPRESSIONS and kind not in ("text", "json lines"):
        raise BadInput(f"{path} is a compressed {inner} file; unpack it and name the table in it")
    return kind


def suffix_by_content(path: Path) -> str:
    """The suffix that a file's first bytes ask for: such as .csv.gz; .csv where they are text of some kind."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return ".xlsx" if "[Content_Types].xml" in archive.namelist() else ".zip"
    known = next((suffix for begin, suffix in FIRST_BYTES if head.startswith(begin)), None)
    if known in OPENERS:
        try:
            with OPENERS[known](path) as file:
                return _text_suffix(file.read(HEAD_BYTES)) + known
        except (*DAMAGED, EOFError, OSError):
            return known  # its reader says what is wrong
    return known or _text_suffix(head)


def _text_suffix(head: bytes) -> str:
    lines = [line.strip() for line in head.removeprefix(codecs.BOM_UTF8).splitlines()]
    first = next((line for line in lines if line and not line.startswith(b"%")), b"")
    if first.lower().startswith(b"@relation"):
        return ".arff"
    return ".jsonl" if first.startswith((b'{"', b"{}", b'{ "')) else ".csv"
