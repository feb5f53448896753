"""Records as JSON Lines: one record a line, its noun and schema version in front. A line is checked when it is read."""

from __future__ import annotations

import gc
import lzma
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

from pydantic import AfterValidator
from pydantic_core import from_json, to_json

from jointbench.errors import BadInput
from jointbench.records import (
    RECORD_SCHEMA_VERSION,
    ColdStart,
    Energy,
    Fit,
    FoldRecord,
    Memory,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Reference,
    SearchedArm,
    Stack,
    StatedCost,
    Timing,
    TunedArm,
)
from jointbench.records.json_file import adapter, printable, structured
from jointbench.records.references import References
from jointbench.records.rules import obeying
from jointbench.records.strict_json import ascii_json
from jointbench.records.whole_file import is_regular, open_regular, reason, whole_file
from jointbench.types import NOT_WRITTEN

RECORDS, PACKED = "records.jsonl", "records.jsonl.xz"  # of a run's folder: as it was written, and packed to be kept
SENTENCE = 400  # letters on what is wrong with a line; the names in it may be long
LONGEST_LINE = 2**30  # bytes; the folds of a table of ten million rows have some 300 million

NOUNS: dict[str, type[Any]] = {
    "Fit": Fit,
    "Fold": FoldRecord,
    "Reference": Reference,
    "Assembly": PlannedArm,
    "Tuning": TunedArm,
    "Search": SearchedArm,
    "Timing": Timing,
    "Energy": Energy,
    "StatedCost": StatedCost,
    "ColdStart": ColdStart,
    "Projection": Projection,
    "Memory": Memory,
    "Stack": Stack,
    "Absence": NotMeasured,
}
"""The kinds of record by their name on disk, which stays when a class is renamed."""

_NOUN_OF = {kind: noun for noun, kind in NOUNS.items()}
_CHECKED: dict[str, Any] = {noun: Annotated[kind, AfterValidator(obeying)] for noun, kind in NOUNS.items()}
_HEAD = re.compile(rb'\{"record":"(\w+)","schema":(\d+),')  # of a line as it is written


def to_line(record: Record) -> str:
    """One JSON object on one line."""
    kind: Any = type(record)
    body = adapter(kind).dump_python(record, by_alias=True, warnings=False)
    for part in _parts(body):
        for name, default in NOT_WRITTEN.items():
            if name in part and part[name] == default:
                del part[name]
    head = {"record": _NOUN_OF[kind], "schema": RECORD_SCHEMA_VERSION}
    return ascii_json({**head, **body})


def _parts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What of a record has fields that records are older than: a stack, a fit with its network's shape and recipe, an arm
    with its shapes, the arms of each trial, a search with the groups that are its candidates, and a timing."""
    if "compilations" in body or "participants" in body:
        yield body
    if "network" in body:
        yield from (body, body["network"]["shape"], body["network"]["recipe"])
    if "shapes" in body:
        yield from (body, body["arm"], *body["shapes"])
    for trial in body.get("trials", ()):
        for planned in trial:
            yield from _parts(planned)
    if "candidates" in body:
        yield from (body, *(candidate["shape"] for candidate in body["candidates"]))


def from_line(line: str | bytes) -> Record:
    """The record in a line. Raises ValueError, naming the field, for anything else."""
    text = line.encode() if isinstance(line, str) else line
    noun, version, fields = _opened(text)
    if version != RECORD_SCHEMA_VERSION:
        raise ValueError(
            f"schema version {printable(str(version))}; this jointbench reads version {RECORD_SCHEMA_VERSION}"
        )
    if noun not in NOUNS:
        raise ValueError(f"unknown record {printable(noun)!r}")
    try:
        record: Record = structured(fields, _CHECKED[noun])
    except ValueError as error:
        raise ValueError(f"{noun}: {error}") from error
    return record


def _opened(text: bytes) -> tuple[str, object, bytes]:
    """Noun, version and fields of a line."""
    if head := _HEAD.match(text):
        return head[1].decode(), int(head[2]), b"{" + text[head.end() :]
    body = from_json(text)  # another program wrote it, with its names in another order or spacing
    if not isinstance(body, dict) or not isinstance(body.get("record"), str):
        raise ValueError("it does not say which record it is")
    return body.pop("record"), body.pop("schema", None), to_json(body, inf_nan_mode="constants")


def write_records(path: Path, records: Iterable[Record]) -> None:
    """All records, replacing the file in one step, so that a reader never sees half of it; packed where named .xz."""
    with whole_file(path) as file:
        lines = (to_line(record).encode() + b"\n" for record in records)
        if path.suffix == ".xz":
            with lzma.open(file, "wb") as packed:
                packed.writelines(lines)
        else:
            file.writelines(lines)


def records_path(folder: Path) -> Path:
    """The folder's records: as they were written, where they are still there, else packed."""
    written, packed = folder / RECORDS, folder / PACKED
    return packed if is_regular(packed) and not is_regular(written) else written


@contextmanager
def open_records(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where it is packed. Raises BadInput where it cannot be read."""
    with open_regular(path, f"a run's folder holds {RECORDS}") as file:
        if path.suffix == ".xz":
            with lzma.open(file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file


def read_records(path: Path) -> Iterator[Record]:
    """The records of a run's folder, or of a file. Half a last line is left out, see ``torn_line``.

    Raises BadInput naming the line and the field of a record that is none, or that does not agree with those before it.
    """
    path = records_path(path) if os.path.isdir(path) else path  # noqa: PTH112 - Path.is_dir raises for a long path
    references = References()
    number = 0
    try:
        with open_records(path) as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if not line.endswith(b"\n") and len(line) < LONGEST_LINE and is_torn(line):
                    return
                record = from_line(line)
                references.add(record)
                yield record
    except ValueError as error:
        fault = printable(str(error), SENTENCE)
        raise BadInput(f"{path}, line {number}, is not a jointbench record: {fault}") from error
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise BadInput(f"{path}, after line {number}, is not a file of jointbench records: {reason(error)}") from error


@contextmanager
def uncollected() -> Iterator[None]:
    """Reads many records without Python's search for garbage, which walks through all that were read, again and again,
    and finds none: a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def torn_line(folder: Path) -> bool:
    """Whether the last line of a folder's records is half there: the run was killed while it wrote it."""
    path = records_path(folder)
    if path.suffix == ".xz":
        return False  # packed records are written whole or not at all
    with open_records(path) as file:
        last = last_line(file)
    return bool(last) and is_torn(last)


def last_line(file: BinaryIO) -> bytes:
    """What stands behind the file's last line end: b"" of a file that ends with one."""
    end, step, tail = file.seek(0, os.SEEK_END), 2**16, b""
    while end > 0 and b"\n" not in tail:
        start = max(end - step, 0)
        file.seek(start)
        tail = file.read(end - start) + tail
        end, step = start, 2 * step
    return tail.rpartition(b"\n")[2]


def is_torn(line: bytes) -> bool:
    """Whether a line without an end is no JSON; one that is JSON lacks nothing but the end."""
    try:
        from_json(line)
    except ValueError:
        return True
    return False
