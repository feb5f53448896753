"""What a question about sharing is answered with: a sentence, and the numbers that it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | float | int | None


@dataclass(frozen=True)
class Table:
    """Rows that stand behind a sentence. Text of a user's file in it is plain; whoever prints it escapes it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question, answered on one dataset by one backend.

    key: the question's short name ("gradient-identity"). sentence: made from the numbers, with the decisive one in it,
    so that it says the opposite when they do. numbers: by name, units in the names. failure: why there is no answer.
    """

    key: str
    question: str
    dataset: str
    backend: str
    sentence: str
    numbers: Mapping[str, Value]
    tables: tuple[Table, ...] = ()
    failure: str | None = None
