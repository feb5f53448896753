"""A table as data: the page, the terminal and the Markdown comment show the same one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jointbench.report import format as show
from jointbench.stats.estimate import Estimate


@dataclass(frozen=True)
class Cell:
    """Text, the numbers that it shows (the first is the one to sort by), and its tone.

    tone: "" or a word that the page has a style for: a verdict, "noise", "absent", "warning".
    """

    text: str
    values: tuple[float, ...] = ()
    tone: str = ""

    @property
    def exact(self) -> str:
        """The numbers to five significant digits, for sorting, for copying and for the test that looks them up."""
        return " ".join(f"{value:.5g}" for value in self.values)


@dataclass(frozen=True)
class Column:
    """A column's heading, whether it holds numbers, and a word of explanation."""

    title: str
    numeric: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A caption, columns and rows. heads: how many leading columns name the row. source: where the numbers are from."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int = 1
    source: str = "summary"

    def texts(self, column: int) -> tuple[str, ...]:
        """The distinct texts of a column in order of appearance: what it can be filtered by."""
        return tuple(dict.fromkeys(row[column].text for row in self.rows))


def number(value: float | None, text: Callable[[float], str]) -> Cell:
    """A number, or "not measured"."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return Cell(text(value), (value,))


def interval(estimate: Estimate, text: Callable[[Estimate], str], tone: str = "") -> Cell:
    """An estimate with its interval."""
    if not math.isfinite(estimate.value):
        return NOTHING
    ends = tuple(end for end in (estimate.low, estimate.high) if math.isfinite(end))
    return Cell(text(estimate), (estimate.value, *ends), tone)


def name(text: str) -> Cell:
    """A name that a user may have chosen."""
    return Cell(show.plain(text))


def columns(names: Iterable[str], numbers: Iterable[str | tuple[str, str]]) -> tuple[Column, ...]:
    """Columns of names, then columns of numbers; a pair is a title and its hint."""
    counted = (Column(entry, True) if isinstance(entry, str) else Column(entry[0], True, entry[1]) for entry in numbers)
    return (*(Column(title) for title in names), *counted)


NOTHING = Cell(show.NOT_MEASURED, tone="absent")
