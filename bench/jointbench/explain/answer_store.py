"""Writes and reads explain.json: the answers as strict JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cattrs
from cattrs.preconf.json import make_converter

from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, AnswerData
from jointbench.explain.data_types import DATA
from jointbench.explain.version_1 import FirstVersionTables, Table
from jointbench.records.json_file import FileFormat, read_object
from jointbench.records.strict_json import strict_json
from jointbench.records.whole_file import is_there, write_text

EXPLAIN = "explain.json"
VERSION, FIRST_VERSION = 2, 1  # of the file; the first held tables in place of data
FORMAT = FileFormat("what jointbench explain writes", VERSION, "delete it or run explain again", older=(FIRST_VERSION,))
_converter = make_converter()


def _number(value: Any, _: Any) -> float:
    """An undefined number is null in the file, and not-a-number again when it is read."""
    if value is not None and type(value) not in (int, float):
        raise TypeError(f"{value!r} is no number")
    return math.nan if value is None else float(value)


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _whole(value: Any, _: Any) -> int:
    number: int = _exactly(value, int)
    float(number)  # raises OverflowError for what no table can show
    return number


_converter.register_structure_hook(float, _number)
_converter.register_structure_hook(int, _whole)
for exact in (str, bool):
    _converter.register_structure_hook(exact, _exactly)


@dataclass(frozen=True)
class Explained:
    """The content of a folder's explain.json. notes: how the datasets were shortened."""

    schema_version: int
    command: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


def write_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str] = ()) -> Explained:
    """Writes explain.json into the folder; undefined numbers become null. Raises BadInput where that fails."""
    explained = Explained(VERSION, command, tuple(answers), tuple(notes))
    fields = _converter.unstructure(replace(explained, answers=()))
    fields["answers"] = [_unstructured(answer) for answer in answers]
    write_text(folder / EXPLAIN, strict_json(fields, indent=1) + "\n")
    return explained


def read_answers(folder: Path) -> Explained | None:
    """The folder's answers; None where it has no explain.json. Raises BadInput for any other file of that name."""
    path = folder / EXPLAIN
    if not is_there(path):
        return None
    try:
        fields = read_object(path, FORMAT)
        version = fields.get("schema_version", FIRST_VERSION)
        answers = tuple(_structured(answer, version) for answer in fields["answers"])
        explained = _converter.structure({**fields, "answers": []}, Explained)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is not {FORMAT.name}; {FORMAT.remedy}") from error
    return replace(explained, answers=answers)


def _unstructured(answer: Answer) -> dict[str, Any]:
    """The fields as JSON has them. The data is written by its own type, which the question's name gives back."""
    fields: dict[str, Any] = _converter.unstructure(replace(answer, data=None))
    if answer.data is not None:
        fields["data"] = _converter.unstructure(answer.data)
    return fields


def _structured(fields: Mapping[str, Any], version: int) -> Answer:
    answer = _converter.structure({**fields, "data": None}, Answer)
    if version == FIRST_VERSION:
        tables = tuple(_converter.structure(table, Table) for table in fields["tables"])
        return replace(answer, data=FirstVersionTables(answer.key, tables)) if tables else answer
    data = fields["data"]
    return answer if data is None else replace(answer, data=_data(data, answer.key))


def _data(fields: Mapping[str, Any], key: str) -> AnswerData:
    return _converter.structure(fields, DATA[key])
