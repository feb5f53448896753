"""What a figure is to the page: a drawing, and everything that stands in for it when it cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jointbench.report.overview import FEW_FOLDS
from jointbench.report.palette import Style
from jointbench.report.tables.table import Table

TEXT = 120  # about what title, sentence and legend take, in a drawing's units
_VIEW = re.compile(r'viewBox="0 0 \S+ ([\d.]+)"')


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing with its title, one sentence that says what to see, its text alternative and its numbers.

    legend: arms with their styles. caution: what limits what can be read from it, "" for nothing.
    """

    slug: str
    title: str
    sentence: str
    alternative: str
    svg: str
    table: Table
    legend: tuple[Style, ...] = ()
    caution: str = ""

    @property
    def height(self) -> float:
        """The drawing's height, in units of which it is 400 wide."""
        found = _VIEW.search(self.svg)
        return float(found.group(1)) if found else 0.0


def in_columns(figures: Iterable[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Two columns of about equal height, each figure going where there is more room."""
    left: list[Figure] = []
    right: list[Figure] = []
    room = 0.0
    for figure in figures:
        (left if room >= 0 else right).append(figure)
        room += (figure.height + TEXT) * (-1 if room >= 0 else 1)
    return left, right


def spoken(said: Sequence[str], most: int = 6) -> str:
    """A drawing's first lines for those who hear it; the table has them all."""
    more = f"; and {len(said) - most} more in the table." if len(said) > most else "."
    return "; ".join(said[:most]) + more


def caution(folds: Iterable[int]) -> str:
    """Says so where a figure rests on fewer than three folds."""
    counts = set(folds)
    few = sorted(count for count in counts if count < FEW_FOLDS)
    if not few:
        return ""
    said = " or ".join(str(count) for count in few) + (" fold" if few == [1] else " folds")
    return f"Drawn from {said}{' in places' if len(few) < len(counts) else ''}: read nothing into the intervals there."
