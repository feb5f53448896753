"""A table at growing numbers of rows, as in the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jointbench.comparison.summary.decisions import Difference
from jointbench.stats.estimate import Estimate

Heading = Literal["for joint", "against joint", "no trend"]


@dataclass(frozen=True, kw_only=True)
class TableSize:
    """Joint against the first other arm on so many rows. lean: of an open verdict; "" of others."""

    rows: int
    verdict: str
    lean: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class SizeTrend:
    """Where an output's difference is heading. per_tenfold: by how much ten times the rows move it, in skill."""

    output: str
    per_tenfold: Estimate
    heading: Heading


@dataclass(frozen=True, kw_only=True)
class TableSizes:
    """sizes: from the fewest rows to the most. trends: by output. output: the one that decides at the most rows;
    sentence: on it."""

    sizes: tuple[TableSize, ...]
    trends: tuple[SizeTrend, ...]
    output: str
    sentence: str
