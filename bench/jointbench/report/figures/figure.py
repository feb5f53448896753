"""What a figure is to the page: a drawing, and everything that stands in for it when it cannot be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jointbench.report.overview import FEW_FOLDS
from jointbench.report.palette import Style
from jointbench.report.table import Table


@dataclass(frozen=True)
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


def caution(folds: Iterable[int]) -> str:
    """Says so where a figure rests on fewer than three folds."""
    few = sorted({count for count in folds if count < FEW_FOLDS})
    if not few:
        return ""
    said = " or ".join(str(count) for count in few)
    return f"Drawn from {said} {'fold' if few == [1] else 'folds'} in places: read nothing into the intervals there."
