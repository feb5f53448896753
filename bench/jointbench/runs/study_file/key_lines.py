"""The line of a TOML text that a key stands on, found by parsing ever longer beginnings of the text."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

Place = tuple[str | int, ...]  # keys, and positions in arrays
CLOSERS = ("", "\n]", "\n]]", "\n}", "\n}]")  # what ends an array that the next lines go on with


def key_line(text: str, place: Place) -> int | None:
    """The line, from 1, that the key at this place stands on, or the innermost table around it that the text has.

    None where not even the outermost key is in the text.
    """
    lines = text.splitlines()
    content = _parsed(lines, ("",))
    while place and not _has(content, place):
        place = place[:-1]
    if not place:
        return None
    return next((number for number in range(1, len(lines) + 1) if _holds(lines, number, place)), None)


def _holds(lines: Sequence[str], number: int, place: Place) -> bool:
    """Whether the first so many lines hold the key. Lines without its name are not parsed: the last one would not."""
    if not lines[number - 1].strip() or not any(_named(lines[number - 1], part) for part in place[-1:]):
        return False
    return _has(_parsed(lines[:number], CLOSERS), place)


def _named(line: str, part: str | int) -> bool:
    return isinstance(part, int) or part in line or "\\" in line


def _parsed(lines: Sequence[str], closers: Sequence[str]) -> dict[str, Any]:
    beginning = "\n".join(lines)
    for closer in closers:
        try:
            return tomllib.loads(beginning + closer)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return {}


def _has(content: Any, place: Place) -> bool:
    for part in place:
        try:
            content = content[part]
        except (LookupError, TypeError):
            return False
    return True
