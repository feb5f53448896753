"""Writes and reads explain.json: the answers as strict JSON."""

from __future__ import annotations

import json
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
from jointbench.records.strict_json import strict_json

EXPLAIN = "explain.json"
VERSION, FIRST_VERSION = 2, 1  # of the file; the first held tables in place of data
_converter = make_converter()


def _whole(text: str) -> int:
    if math.isinf(float(text)):
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _number(value: Any, _: Any) -> float:
    """An undefined number is null in the file, and not-a-number again when it is read."""
    if value is not None and type(value) not in (int, float):
        raise TypeError(f"{value!r} is no number")
    return math.nan if value is None else float(value)


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


_converter.register_structure_hook(float, _number)
for exact in (str, int, bool):
    _converter.register_structure_hook(exact, _exactly)


@dataclass(frozen=True)
class Explained:
    """The content of a folder's explain.json. notes: how the datasets were shortened."""

    schema_version: int
    command: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


def write_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str] = ()) -> Explained:
    """Writes explain.json into the folder; undefined numbers become null."""
    explained = Explained(VERSION, command, tuple(answers), tuple(notes))
    fields = _converter.unstructure(replace(explained, answers=()))
    fields["answers"] = [_unstructured(answer) for answer in answers]
    (folder / EXPLAIN).write_text(strict_json(fields, indent=1) + "\n", encoding="utf-8")
    return explained


def read_answers(folder: Path) -> Explained | None:
    """The folder's answers; None where it has no explain.json. Raises BadInput for any other file of that name."""
    path = folder / EXPLAIN
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole)
        version = int(fields["schema_version"])
        if version not in (FIRST_VERSION, VERSION):
            raise BadInput(f"{path} has schema version {version}; this jointbench reads {FIRST_VERSION} and {VERSION}")
        answers = tuple(_structured(answer, version) for answer in fields["answers"])
        explained = _converter.structure({**fields, "answers": []}, Explained)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is not what jointbench explain writes; delete it or run explain again") from error
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
