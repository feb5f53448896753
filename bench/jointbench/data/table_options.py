"""What a user says of a table: which columns to predict, and what the others are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Columns as they were asked for: by name; in the sequences also by pattern (``Class*``) or position (3, -1).

    targets: each with an optional ``:kind`` suffix. group: rows of one value share a fold. time: splits go forward in
    it. keep: columns to use as they stand, though they look like identifiers or hold a number that looks like a mark
    for "missing". weight: what each row weighs. drop: columns to leave out. categorical: columns whose numbers are names.
    test: a file of rows to test on, in place of folds.
    """

    targets: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    keep: tuple[str, ...] = ()
    weight: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    test: str | None = None
