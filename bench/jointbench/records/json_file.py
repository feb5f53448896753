"""Reading JSON files: each is checked for its version, then field by field, and what is wrong is one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from jointbench.errors import BadInput
from jointbench.records.whole_file import open_regular

T = TypeVar("T")
LARGEST_FILE = 2**28  # bytes; the largest that jointbench writes has a few million
WORDS = {
    "missing": "it is missing",
    "unexpected_keyword_argument": "this jointbench knows no such field",
}  # where pydantic speaks of arguments
LARGEST_NUMBER = int(sys.float_info.max)
LETTERS = 80  # of a field's name in a sentence


@dataclass(frozen=True)
class FileFormat:
    """A kind of JSON file: what it is called, its version, what to do about one that cannot be read.

    older: versions that are read too.
    """

    name: str
    version: int
    remedy: str
    older: tuple[int, ...] = ()


def read_object(path: Path, file_format: FileFormat) -> dict[str, Any]:
    """The file's content. Raises BadInput for a file that cannot be read, is no JSON object or of another version."""
    content, _ = _parsed(path, file_format)
    if (number := _too_large(content)) is not None:
        raise BadInput(
            f"{path} is not {file_format.name}: a number has {len(str(number)):,} digits; {file_format.remedy}"
        )
    return content


def read_json(
    path: Path,
    kind: type[T],
    file_format: FileFormat,
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> T:
    """The file's content as a ``kind``, a dataclass with a ``schema_version``.

    change: makes the fields of the dataclass from the content of the file, where they differ. Raises BadInput as
    ``read_object`` does, and for a field that is not what its type says.
    """
    content, text = _parsed(path, file_format)
    try:
        value: T = structured(text if change is None else to_json(change(content)), kind)
    except ValueError as error:
        raise BadInput(f"{path} is not {file_format.name}: {error}; {file_format.remedy}") from error
    return value


def _parsed(path: Path, file_format: FileFormat) -> tuple[dict[str, Any], bytes]:
    remedy = file_format.remedy
    with open_regular(path, remedy) as file:
        text = file.read(LARGEST_FILE + 1)
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise BadInput(f"{path} is not JSON ({error}), so it is not {file_format.name}; {remedy}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} is not {file_format.name}; {remedy}")
    versions = (*file_format.older, file_format.version)
    version = content.get("schema_version", versions[0])
    if version not in versions:
        raise BadInput(
            f"{path} has schema version {version!r:.40}, this jointbench reads "
            f"{' and '.join(str(number) for number in versions)}; {remedy}"
        )
    return content, text


def _too_large(content: Any) -> int | None:
    """A whole number in it that no float can hold, if there is one."""
    if isinstance(content, int):
        return content if abs(content) > LARGEST_NUMBER else None
    items = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return next((number for item in items if (number := _too_large(item)) is not None), None)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads and writes values of this type."""
    return TypeAdapter(kind)


def structured(text: bytes, kind: Any) -> Any:
    """JSON as a value of this type. Raises ValueError, naming the first field that does not fit."""
    try:
        return adapter(kind).validate_json(text, strict=True, extra="forbid", by_alias=True)
    except ValidationError as error:
        raise ValueError(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    """The first fault: the field and what it should be."""
    first = error.errors(include_url=False, include_input=False)[0]
    cause = first.get("ctx", {}).get("error")
    words = WORDS.get(first["type"]) or (str(cause) if isinstance(cause, ValueError) else first["msg"])
    field = ".".join(str(part) for part in first["loc"])
    return f"{printable(field)}: {words}" if field else words


def printable(text: str, letters: int = LETTERS) -> str:
    """The first letters of a text from a file, without line breaks and what a terminal would obey."""
    start = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text[:letters])
    return start + ("..." if len(text) > letters else "")
