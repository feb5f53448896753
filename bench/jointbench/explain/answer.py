"""The answer to one question about sharing: a sentence and the numbers that it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | float | int | None


@dataclass(frozen=True)
class Table:
    """The numbers behind a sentence. Text from a user's file is stored as it is; whoever prints it escapes it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question, answered on one dataset by one backend.

    key: the question's short name ("gradient-identity"). sentence: made from the numbers and quoting the decisive one,
    so that it states the opposite when they do. numbers: by name, units in the names. failure: why there is no answer.
    """

    key: str
    question: str
    dataset: str
    backend: str
    sentence: str
    numbers: Mapping[str, Value]
    tables: tuple[Table, ...] = ()
    failure: str | None = None


def failed_answer(*, key: str, question: str, dataset: str, backend: str, reason: str) -> Answer:
    """An answer that holds nothing but the reason why there is none."""
    return Answer(key=key, question=question, dataset=dataset, backend=backend, sentence="", numbers={}, failure=reason)
