"""A figure of the page: a drawing with its text alternative and its numbers as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jointbench.comparison.summary.run import DatasetSummary
from jointbench.report.overview import has_few_folds
from jointbench.report.palette import Style
from jointbench.report.tables.table import Table

TEXT = 120  # about the height of title, sentence and legend, in a drawing's units
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
        """The drawing's height, in units of which it is 360 wide."""
        match = _VIEW.search(self.svg)
        return float(match.group(1)) if match else 0.0


def in_columns(figures: Iterable[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Two columns of about equal height, each figure going where there is more room."""
    left: list[Figure] = []
    right: list[Figure] = []
    room = 0.0
    for figure in figures:
        (left if room >= 0 else right).append(figure)
        room += (figure.height + TEXT) * (-1 if room >= 0 else 1)
    return left, right


def spoken(phrases: Sequence[str], most: int = 6) -> str:
    """The first phrases as a text alternative; the figure's table has all the numbers."""
    more = f"; and {len(phrases) - most} more in the table." if len(phrases) > most else "."
    return "; ".join(phrases[:most]) + more


def caution(datasets: Iterable[DatasetSummary]) -> str:
    """A warning where a figure rests on too few folds, else ""."""
    counts = {(dataset.folds, has_few_folds(dataset)) for dataset in datasets}
    few = sorted(folds for folds, are_few in counts if are_few)
    if not few:
        return ""
    fold_counts = " or ".join(str(count) for count in few) + (" fold" if few == [1] else " folds")
    places = " in places" if len(few) < len(counts) else ""
    return f"Drawn from {fold_counts}{places}: read nothing into the intervals there."
