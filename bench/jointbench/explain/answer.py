"""The answer to one question about sharing: a sentence and the numbers that it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass

from jointbench.stats.correlated_t_test import Posterior
from jointbench.stats.estimate import Estimate

Value = str | float | int | None


class Unanswerable(RuntimeError):
    """A question that these networks give no answer to; the message is the answer's failure."""


class AnswerData:
    """What an answer's tables and figures are made from. Every question has a frozen dataclass of its own.

    Names from a user's file are stored as they are; whoever prints them escapes them. A number that is undefined is
    None, or not-a-number, which is null in the file.
    """


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
    data: AnswerData | None = None
    failure: str | None = None


def failed_answer(*, key: str, question: str, dataset: str, backend: str, reason: str) -> Answer:
    """An answer that holds nothing but the reason why there is none."""
    return Answer(key=key, question=question, dataset=dataset, backend=backend, sentence="", numbers={}, failure=reason)


def interval(posterior: Posterior | None) -> Estimate | None:
    """The posterior's mean and 95 % interval."""
    return None if posterior is None else Estimate(posterior.mean, posterior.low, posterior.high)


def check_lengths(expected: int, *arrays: Sized) -> None:
    """Raises ValueError unless all have as many entries: data read from a file may not fit together."""
    if any(len(array) != expected for array in arrays):
        raise ValueError(f"arrays of {', '.join(str(len(array)) for array in arrays)} entries, not {expected} each")
