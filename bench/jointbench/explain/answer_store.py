"""Writes and reads explain.json: the answers as strict JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cattrs
from cattrs.preconf.json import make_converter

from jointbench.errors import BadInput
from jointbench.explain.answer import Answer
from jointbench.records import SCHEMA_VERSION
from jointbench.records.strict_json import strict_json

EXPLAIN = "explain.json"
_converter = make_converter()


@dataclass(frozen=True)
class Explained:
    """The content of a folder's explain.json. notes: how the datasets were shortened."""

    schema_version: int
    command: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


def write_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str] = ()) -> Explained:
    """Writes explain.json into the folder; undefined numbers become null."""
    explained = Explained(SCHEMA_VERSION, command, tuple(answers), tuple(notes))
    text = strict_json(_converter.unstructure(explained), indent=1)
    (folder / EXPLAIN).write_text(text + "\n", encoding="utf-8")
    return explained


def read_answers(folder: Path) -> Explained | None:
    """The folder's answers; None where it has no explain.json. Raises BadInput for any other file of that name."""
    path = folder / EXPLAIN
    if not path.is_file():
        return None
    try:
        explained = _converter.structure(json.loads(path.read_text(encoding="utf-8")), Explained)
    except (ValueError, KeyError, TypeError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is not what jointbench explain writes; delete it or run explain again") from error
    if explained.schema_version != SCHEMA_VERSION:
        raise BadInput(f"{path} has schema version {explained.schema_version}; this jointbench reads {SCHEMA_VERSION}")
    return explained
