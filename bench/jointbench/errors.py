"""The exceptions for what a user can mend."""

from __future__ import annotations

NO_THREAD, NO_MAPPING = "can't start new thread", "failed to map segment"


class BadInput(Exception):
    """Bad usage or bad data: one sentence that names the file, column or option and the way out.

    The command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 2


class DidNotFinish(BadInput):
    """A command that had begun and was stopped by the machine, such as a full disk: what had finished is kept."""

    exit_code = 4


class CannotLoad(DidNotFinish):
    """A framework that is installed, and that a worker could not import or make ready; why, in a line."""


def _said(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def first_line(error: BaseException) -> str:
    """Of what the error says; its kind where it says nothing."""
    return _said(error) or type(error).__name__


def in_a_line(error: BaseException) -> str:
    """The error's kind, and the first line of what it says."""
    text = _said(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortage(error: BaseException) -> str | None:
    """What the machine has too little of, in words, where that is what went wrong; Python has no one class for it."""
    text = _said(error)
    if isinstance(error, MemoryError):
        return f"not enough memory ({text})" if text else "not enough memory"
    if isinstance(error, RuntimeError) and NO_THREAD in text:
        return "not enough memory, or too many processes, for another thread"
    if isinstance(error, ImportError) and NO_MAPPING in text:
        return f"not enough memory to load {error.name or 'a library'}"
    return None
