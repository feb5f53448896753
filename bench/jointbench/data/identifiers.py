"""Columns that number or name the rows: no network learns from them what holds for another row."""

from __future__ import annotations

import re

import numpy as np

from jointbench.data.columns import HALF, Column

FEWEST_ROWS = 20  # with fewer, values may all differ by chance
NEARLY_EACH = 0.95  # of the rows have a text of their own
WORDS = {"id", "ids", "idx", "index", "key", "uuid", "guid", "rowid", "row", "no", "nr", "num", "number", "serial"}
WORDS_OF_TEXT = 4  # of a cell, on the average: a column of sentences and no codes
NAMELESS = re.compile(r"Unnamed: \d+")


def identifier(column: Column) -> str:
    """Why the column is taken for an identifier of the rows; "" if it is not."""
    rows = len(column.cells)
    if rows < FEWEST_ROWS:
        return ""
    if column.stray is not None and column.stray.share >= HALF:
        return ""  # numbers with other text among them, of which is told elsewhere
    if column.meaning == "category" and column.names is not None:
        different = column.names.nunique() / max(int(column.names.notna().sum()), 1)
        enough = column.names.notna().sum() >= FEWEST_ROWS
        every = "every row" if different == 1 else f"{different:.0%} of the rows"
        return f"a text of its own in {every}" if enough and different >= NEARLY_EACH else ""
    if column.meaning != "number" or not _whole_and_different(column):
        return ""
    if NAMELESS.fullmatch(column.name):
        return "a column without a name, with a whole number of its own in every row"
    return "a whole number of its own in every row, and a name that says so" if _named_as_one(column.name) else ""


def free_text(column: Column) -> bool:
    """Whether the column, taken for an identifier, is of sentences."""
    if column.meaning != "category" or column.names is None:
        return False
    spaces = column.names.dropna().str.count(r"\S\s+\S")
    return bool(len(spaces)) and float(spaces.mean()) >= WORDS_OF_TEXT - 1


def counts_rows(column: Column) -> bool:
    """Whether the column rises or falls by the same whole number from row to row."""
    if column.meaning != "number" or len(column.cells) < FEWEST_ROWS or not _whole_and_different(column):
        return False
    values = column.exact.astype(object) if column.exact is not None else column.numbers
    return len(set(np.diff(np.asarray(values)).tolist())) == 1


def _whole_and_different(column: Column) -> bool:
    if column.exact is not None:
        return bool(column.exact.notna().all() and column.exact.is_unique)
    values = column.numbers
    if values is None or np.isnan(values).any() or not np.all(values == np.round(values)):
        return False
    return len(np.unique(values)) == len(values)


def _named_as_one(name: str) -> bool:
    """Whether a word of the name (customer_id, OrderID, row no) is one that identifiers have."""
    return bool(WORDS & {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)})
