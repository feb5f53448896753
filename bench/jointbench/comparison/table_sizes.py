"""The sizes of a table that was studied at growing numbers of rows: how the difference goes, and where it is heading.

An output's difference d at n rows is taken to go with the logarithm of n. The slope is the weighted least squares one,
each size weighing 1 / scale^2, its interval Student's with the fewest degrees of freedom among the sizes:

    slope = sum w (x - mean x) d / sum w (x - mean x)^2,    variance = b / sum w (x - mean x)^2,    x = log10 n

Where the sizes lie further from the line than their scales explain, b is the mean square of the residuals in units of
them, sum w r^2 / (sizes - 2), else 1 (Birge, "The calculation of errors by the method of least squares", Phys. Rev. 40,
1932). Sizes share rows, which makes the interval a wide one rather than a narrow one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from jointbench.comparison.deciding import deciding_difference
from jointbench.comparison.reasons import signed
from jointbench.comparison.summary.decisions import Decision, Difference
from jointbench.comparison.summary.run import CellSummary, DatasetSummary
from jointbench.comparison.summary.table_sizes import Heading, SizeTrend, TableSize, TableSizes
from jointbench.stats.estimate import Estimate

LEVEL = 0.95


def at_the_most_rows(cells: Sequence[CellSummary], datasets: Mapping[str, DatasetSummary]) -> tuple[CellSummary, ...]:
    """The cells without those of tables on fewer rows than were come to, whose differences are in the one of the most."""
    members: dict[tuple[str, str, str], list[CellSummary]] = defaultdict(list)
    for cell in cells:
        name = datasets[cell.dataset].size_of or cell.dataset
        members[name, cell.backend, cell.device].append(cell)
    return tuple(_largest(sizes, datasets) for sizes in members.values())


def _largest(cells: Sequence[CellSummary], datasets: Mapping[str, DatasetSummary]) -> CellSummary:
    """The last one that decides or leans: a run that was cut off has less of the next."""
    told = [cell for cell in cells if cell.decisions and not _says_nothing(cell.decisions[0])]
    if len(told) < 2:
        return (told or cells)[0]
    last = datasets[told[-1].dataset]
    sizes = _table_sizes(told, [datasets[cell.dataset].rows for cell in told], last.cut_from or last.rows)
    decision, *others = told[-1].decisions
    decision = replace(decision, reason=f"{decision.reason} {sizes.sentence}")
    return replace(told[-1], table_sizes=sizes, decisions=(decision, *others))


def _says_nothing(decision: Decision) -> bool:
    return decision.open is not None and not decision.open.lean


def _table_sizes(cells: Sequence[CellSummary], rows: Sequence[int], whole: int) -> TableSizes:
    """cells: of one table on one backend and device, from the fewest rows to the most; rows: of each. whole: of the
    table."""
    sizes = tuple(_size(cell, count) for cell, count in zip(cells, rows, strict=True))
    trends = tuple(
        trend
        for differences in zip(*(size.differences for size in sizes), strict=True)
        if (trend := size_trend([size.rows for size in sizes], differences)) is not None
    )
    deciding = deciding_difference(cells[-1], cells[-1].decisions[0])
    output = deciding.output if deciding else ""
    trend = next((trend for trend in trends if trend.output == output), None)
    return TableSizes(sizes=sizes, trends=trends, output=output, sentence=_sentence(sizes, trend, whole))


def _size(cell: CellSummary, rows: int) -> TableSize:
    decision = cell.decisions[0]
    return TableSize(
        rows=rows,
        verdict=decision.verdict,
        lean=decision.open.lean if decision.open else "",
        differences=tuple(d for d in cell.differences if d.other == decision.other),
    )


def size_trend(rows: Sequence[int], differences: Sequence[Difference]) -> SizeTrend | None:
    """Of one output, from its differences at these numbers of rows; None where fewer than two are known."""
    known = [(n, d) for n, d in zip(rows, differences, strict=True) if d.scale > 0 and not math.isnan(d.df)]
    if len(known) < 2:
        return None
    x = np.log10([n for n, _ in known])
    weights = np.array([d.scale**-2.0 for _, d in known])
    centred = x - np.average(x, weights=weights)
    spread = float(weights @ centred**2)
    values = np.array([d.difference.value for _, d in known])
    slope = float(weights @ (centred * values)) / spread
    residuals = values - np.average(values, weights=weights) - slope * centred
    scatter = max(1.0, float(weights @ residuals**2) / (len(known) - 2)) if len(known) > 2 else 1.0
    half = float(stats.t.ppf((1 + LEVEL) / 2, min(d.df for _, d in known))) * math.sqrt(scatter / spread)
    estimate = Estimate(slope, slope - half, slope + half)
    return SizeTrend(output=known[0][1].output, per_tenfold=estimate, heading=_heading(estimate))


def _heading(slope: Estimate) -> Heading:
    if slope.low > 0:
        return "for joint"
    return "against joint" if slope.high < 0 else "no trend"


MEANING: dict[Heading, str] = {
    "for joint": "with more rows sharing looks better",
    "against joint": "with more rows sharing looks worse",
    "no trend": "no trend shows",
}


def _sentence(sizes: Sequence[TableSize], trend: SizeTrend | None, whole: int) -> str:
    last = sizes[-1].rows
    at = f"The verdict is of {'all ' if last == whole else ''}{last:,}{'' if last == whole else f' of {whole:,}'} rows"
    if trend is None:
        return f"{at}."
    course = ", ".join(
        f"{signed(d.difference.value)} at {size.rows:,}"
        for size in sizes
        for d in size.differences
        if d.output == trend.output
    )
    slope = trend.per_tenfold
    return (
        f"{at}; {trend.output} differs by {course}: {MEANING[trend.heading]} ({signed(slope.value)} skill for ten times "
        f"the rows, 95 % interval {signed(slope.low)} to {signed(slope.high)})."
    )
