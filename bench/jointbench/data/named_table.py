"""The table that a user's word names: a file, "-" for standard input, or an address on the web."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from jointbench.data.decompressed import LIMIT_TEXT, MOST_BYTES
from jointbench.data.download import download
from jointbench.data.file_kind import KNOWN_SUFFIXES, suffix_by_content
from jointbench.data.read_file import read_table
from jointbench.data.table import load_table, provenance_of, table_dataset
from jointbench.data.table_options import TableOptions
from jointbench.data.web_address import is_web_address, without_credentials
from jointbench.errors import BadInput
from jointbench.types import Dataset

STANDARD_INPUT = "-"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Copy:
    """A table's bytes in a temporary file. called: what the table is called; source: where it is from."""

    path: Path
    called: str
    source: str


def load_named(word: str, options: TableOptions) -> Dataset:
    """The dataset that a word names. Raises BadInput as ``load_table`` does, and for what cannot be had."""
    if word != STANDARD_INPUT and not is_web_address(word):
        return load_table(Path(word), options)
    if not options.targets:
        raise BadInput(f"{without_credentials(word)}: name the columns to predict with --target NAME, once for each")
    with tempfile.TemporaryDirectory(prefix="jointbench-") as folder:
        copy = _copied(word, Path(folder))
        try:
            raw = read_table(copy.path)
        except BadInput as error:  # the temporary file's name says nothing to the user
            raise BadInput(str(error).replace(str(copy.path), copy.source)) from error
        provenance = replace(provenance_of(copy.path), source=copy.source)
    return table_dataset(replace(raw, path=Path(copy.called)), provenance, options)


def _copied(word: str, folder: Path) -> _Copy:
    """The word's bytes in a file of this folder, whose suffix says what they are."""
    try:
        if word == STANDARD_INPUT:
            path, called, source = _standard_input(folder / "stdin"), "stdin", "standard input"
        else:
            path, source = download(word, folder), without_credentials(word)
            called = path.name
        if not path.name.lower().endswith(KNOWN_SUFFIXES):
            path = path.rename(path.with_name(path.name + suffix_by_content(path)))
    except OSError as error:
        raise BadInput(f"{without_credentials(word)} cannot be copied to a temporary file: {error.strerror}") from error
    return _Copy(path, called, source)


def _standard_input(path: Path) -> Path:
    """Standard input, whole. Raises BadInput where nothing comes, or too much."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise BadInput("-: no table comes through standard input; write jointbench run - < FILE, or name the file")
    given = 0
    with path.open("wb") as file:
        while chunk := sys.stdin.buffer.read(CHUNK_BYTES):
            given += file.write(chunk)
            if given > MOST_BYTES:
                raise BadInput(f"standard input has more than {LIMIT_TEXT}, the most that is read; name the file")
    if not given:
        raise BadInput("-: standard input is empty; a table with a header line is wanted")
    return path
