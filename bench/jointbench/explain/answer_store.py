"""Writes and reads explain.json: the answers as strict JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cattrs
from cattrs.preconf.json import make_converter

from jointbench.errors import BadInput
from jointbench.explain.answer import Answer
from jointbench.records.json_file import FileFormat, read_object
from jointbench.records.strict_json import strict_json
from jointbench.records.whole_file import is_regular, write_text

EXPLAIN = "explain.json"
EXPLAIN_SCHEMA_VERSION = 1
FORMAT = FileFormat("what jointbench explain writes", EXPLAIN_SCHEMA_VERSION, "delete it or run explain again")
_converter = make_converter()


@dataclass(frozen=True)
class Explained:
    """The content of a folder's explain.json. notes: how the datasets were shortened."""

    schema_version: int
    command: str
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()


def write_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str] = ()) -> Explained:
    """Writes explain.json into the folder; undefined numbers become null. Raises BadInput where that fails."""
    explained = Explained(EXPLAIN_SCHEMA_VERSION, command, tuple(answers), tuple(notes))
    write_text(folder / EXPLAIN, strict_json(_converter.unstructure(explained), indent=1) + "\n")
    return explained


def read_answers(folder: Path) -> Explained | None:
    """The folder's answers; None where it has no explain.json. Raises BadInput for any other file of that name."""
    path = folder / EXPLAIN
    if not is_regular(path):
        return None
    try:
        return _converter.structure(read_object(path, FORMAT), Explained)
    except (ValueError, KeyError, TypeError, OverflowError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is not {FORMAT.name}; {FORMAT.remedy}") from error
