"""From the words of a user to columns of a table: by name, by pattern or by position."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Sequence

from jointbench.data.raw_table import RawTable
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.types import Kind

KINDS: dict[str, Kind] = {"regression": "regression", "binary": "binary", "multiclass": "multiclass"}
PATTERN = re.compile(r"[*?]|\[.+\]")
POSITION = re.compile(r"-?\d{1,9}", re.ASCII)


def column_named(table: RawTable, name: str) -> str:
    """The table's column of this name, blanks around it aside. Raises BadInput, with the likeliest one meant."""
    found = _exact(table, name)
    if found is not None:
        return found
    names = list(table.frame.columns)
    close = _near(name.strip(), names)
    meant = f"; did you mean {close[:40]!r}?" if close else ";"
    headless = sum(_is_number(other) for other in names) > len(names) / 2
    hint = " (the first line holds numbers: is its header missing?)" if headless else ""
    what = "no column that matches" if PATTERN.search(name) else "no column"
    raise BadInput(f"{table.path} has {what} {name!r}{meant} its columns are {_listed(names)}{hint}")


def _near(word: str, names: Sequence[str]) -> str:
    """The likeliest name that was meant, "" where none is near; of a pattern, what its letters begin or are like."""
    pattern = word.casefold()
    for name in names:
        if name.casefold() == pattern or (PATTERN.search(word) and fnmatch.fnmatchcase(name.casefold(), pattern)):
            return name
    letters = word.translate(str.maketrans("", "", "*?")) if PATTERN.search(word) else ""
    compared = {name: name[: len(letters)] if letters else name for name in names}
    close = difflib.get_close_matches(letters or word, list(compared.values()), n=1, cutoff=0.75)
    return next((name for name, text in compared.items() if close and text == close[0]), "")


def columns_asked(table: RawTable, words: Sequence[str], option: str) -> tuple[str, ...]:
    """The columns that the words name, in the words' order: a name, a pattern such as ``Class*``, or a position."""
    return tuple(dict.fromkeys(name for word in words for name in _columns(table, word, option)))


def targets_asked(table: RawTable, options: TableOptions) -> dict[str, Kind | None]:
    """The target columns and the kinds asked for, in the order of the words; a pattern's in the table's order.

    A column that is named keeps what is said there; a pattern takes the others that it matches, and no column that has
    another part. Raises BadInput for a word that names nothing, and for a column that is named twice.
    """
    words = [_target_word(table, text) for text in options.targets]
    named: list[str] = []
    for name, _ in words:
        if not _is_pattern(table, name):
            (column,) = _columns(table, name, "--target")
            if column in named:
                raise BadInput(f"--target {column!r} is given twice")
            named.append(column)
    dropped = columns_asked(table, options.drop, "--drop")
    if both := [name for name in named if name in dropped]:
        raise BadInput(f"--drop {both[0]!r} is a --target too; leave it out of one of them")
    keys = [column_named(table, key) for key in (options.group, options.time, options.weight) if key is not None]
    asked: dict[str, Kind | None] = {}
    for name, kind in words:
        columns = _columns(table, name, "--target")
        if _is_pattern(table, name):
            free = tuple(column for column in columns if column not in keys and column not in dropped)
            if not free:
                raise BadInput(f"--target {name!r} matches {_listed(columns)}, which is a key or left out; name others")
            columns = tuple(column for column in free if column not in named)
        for column in columns:
            asked.setdefault(column, kind)
    return asked


def _target_word(table: RawTable, text: str) -> tuple[str, Kind | None]:
    """A word of --target without its kind, and that. A column that is called like the whole word comes first."""
    name, colon, kind = text.rpartition(":")
    if not colon or _exact(table, text) is not None:
        return text, None
    if kind in KINDS:
        return name, KINDS[kind]
    if _is_pattern(table, text) and PATTERN.search(kind):  # a pattern with a colon in it
        return text, None
    _columns(table, name, "--target")  # a wrong name is said before a wrong kind
    raise BadInput(f"--target {text!r}: the kind is regression, binary or multiclass, not {kind!r}")


def _columns(table: RawTable, word: str, option: str) -> tuple[str, ...]:
    """The columns that a word names, at least one."""
    found = _exact(table, word)
    if found is not None:
        return (found,)
    names = list(table.frame.columns)
    if POSITION.fullmatch(word.strip()):
        place = int(word)
        if place and abs(place) <= len(names):
            return (names[place - 1 if place > 0 else place],)
        raise BadInput(
            f"{option} {word}: {table.path} has no column of that name, nor at that place: it has {len(names):,} "
            f"columns, counted from 1, or from -1 at the end; they are {_listed(names)}"
        )
    matching = tuple(name for name in names if fnmatch.fnmatchcase(name, word.strip()))
    return matching if _is_pattern(table, word) and matching else (column_named(table, word),)


def _is_pattern(table: RawTable, word: str) -> bool:
    return _exact(table, word) is None and PATTERN.search(word) is not None


def _exact(table: RawTable, name: str) -> str | None:
    names = table.frame.columns
    return next((candidate for candidate in (name, name.strip()) if candidate in names), None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(columns: Sequence[str]) -> str:
    """The first twelve column names, each cut to 40 characters, for a message."""
    names = [" ".join(str(column).split())[:40] for column in columns[:12]]
    return ", ".join(names) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
