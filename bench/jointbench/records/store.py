"""Records as JSON Lines: one record a line, its noun and schema version in front."""

from __future__ import annotations

import base64
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast, get_origin

import cattrs
import numpy as np
import numpy.typing as npt
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from jointbench.errors import BadInput
from jointbench.records import (
    SCHEMA_VERSION,
    ColdStart,
    Fit,
    FoldRecord,
    Memory,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Reference,
    Stack,
    Timing,
)

RECORDS, PACKED = "records.jsonl", "records.jsonl.xz"  # of a run's folder: as it was written, and packed to be kept

NOUNS: dict[str, type[Any]] = {
    "Fit": Fit,
    "Fold": FoldRecord,
    "Reference": Reference,
    "Assembly": PlannedArm,
    "Timing": Timing,
    "ColdStart": ColdStart,
    "Projection": Projection,
    "Memory": Memory,
    "Stack": Stack,
    "Absence": NotMeasured,
}
"""The kinds of record by their name on disk, which stays when a class is renamed."""

_NOUN_OF = {kind: noun for noun, kind in NOUNS.items()}


def _encode(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Shape, type and little-endian bytes in base64: exact, and a quarter of the size of decimal text."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "base64": base64.b64encode(little.tobytes()).decode(),
    }


def _decode(value: dict[str, Any], _: Any) -> npt.NDArray[Any]:
    dtype = np.dtype(value["dtype"]).newbyteorder("<")
    flat = np.frombuffer(base64.b64decode(value["base64"]), dtype)
    return flat.reshape(value["shape"]).astype(value["dtype"])


def _is_array(kind: Any) -> bool:
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook_func(_is_array, _encode)
    # A few names occur a hundred thousand times.
    converter.register_structure_hook(str, lambda value, _: sys.intern(str(value)))
    converter.register_structure_hook_func(_is_array, _decode)
    # These fields have other names in the file than in the class.
    observed, participants = override(rename="observed"), override(rename="participants")
    write_fold = make_dict_unstructure_fn(FoldRecord, converter, y_true=observed)
    read_fold = make_dict_structure_fn(FoldRecord, converter, _cattrs_forbid_extra_keys=True, y_true=observed)
    write_timing = make_dict_unstructure_fn(Timing, converter, variants=participants)
    read_timing = make_dict_structure_fn(Timing, converter, _cattrs_forbid_extra_keys=True, variants=participants)
    converter.register_unstructure_hook(FoldRecord, write_fold)
    converter.register_structure_hook(FoldRecord, read_fold)
    converter.register_unstructure_hook(Timing, write_timing)
    converter.register_structure_hook(Timing, read_timing)
    return converter


_CONVERTER = _converter()


def to_line(record: Record) -> str:
    """One JSON object on one line; not-a-number is written as null only inside ``metrics``."""
    body = _CONVERTER.unstructure(record)
    return json.dumps({"record": _NOUN_OF[type(record)], "schema": SCHEMA_VERSION, **body}, separators=(",", ":"))


def from_line(line: str) -> Record:
    """The record in a line. Raises ValueError for another schema version or an unknown noun."""
    body = json.loads(line)
    version, noun = body.pop("schema"), body.pop("record")
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema version {version}; this jointbench reads version {SCHEMA_VERSION}")
    if noun not in NOUNS:
        raise ValueError(f"unknown record {noun!r}")
    record: Record = _CONVERTER.structure(body, NOUNS[noun])
    return record


def write_records(path: Path, records: Iterable[Record]) -> None:
    """All records, replacing the file in one step, so that a reader never sees half of it; packed where named .xz."""
    partial = path.with_suffix(".partial")
    try:
        with lzma.open(partial, "wb") if path.suffix == ".xz" else partial.open("wb") as file:
            file.writelines(to_line(record).encode() + b"\n" for record in records)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def records_path(folder: Path) -> Path:
    """The folder's records: as they were written, where they are still there, else packed."""
    written, packed = folder / RECORDS, folder / PACKED
    return packed if packed.is_file() and not written.is_file() else written


def open_records(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is packed."""
    return cast(BinaryIO, lzma.open(path)) if path.suffix == ".xz" else path.open("rb")


def read_records(path: Path) -> Iterator[Record]:
    """The records of a run's folder, or of a file. Raises BadInput naming the line that is not one."""
    path = records_path(path) if path.is_dir() else path
    number = 0
    try:
        with open_records(path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield from_line(line.decode("utf-8"))
                except (ValueError, KeyError, TypeError, AttributeError, cattrs.BaseValidationError) as error:
                    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                    raise BadInput(f"{path}, line {number}, is not a jointbench record: {reason}") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); a run's folder holds {RECORDS}") from error
    except (lzma.LZMAError, EOFError) as error:
        raise BadInput(f"{path}, after line {number}, is not a file of jointbench records: {error}") from error
