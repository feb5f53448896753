"""Stratification over all outputs at once: rows go to parts so that each has its share of every label, units kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jointbench.data.label_patterns import label_patterns
from jointbench.types import Dataset, FloatArray, IntArray

REGRESSION_BINS = 5  # a regression output is stratified by the quintile of its value
SAME_GAIN = 1e-9  # gains that differ by less are equal but for rounding
MOST_PATTERNS = 2**16  # whose labels are kept at hand


def label_matrix(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """(rows, labels): a column per class, or per quintile of a regression output's value."""
    columns = [
        by_quintile(dataset.targets[output.name])
        if output.kind == "regression"
        else by_class(dataset.targets[output.name], len(output.classes))
        for output in dataset.outputs
    ]
    return np.concatenate(columns, axis=1)


def by_class(codes: FloatArray | IntArray, classes: int) -> npt.NDArray[np.bool_]:
    """(rows, classes): which class each row is of; none where its code is NaN or -1."""
    return np.asarray(codes[:, None] == np.arange(classes))


def by_quintile(values: FloatArray) -> npt.NDArray[np.bool_]:
    """(rows, up to 5): in which fifth of the known values each row's is; in none where it is NaN."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, REGRESSION_BINS + 1)[1:-1])) if len(known) else known
    bins = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return np.asarray(bins[:, None] == np.arange(len(edges) + 1))


def stratified_parts(
    units: IntArray, labels: npt.NDArray[np.bool_], shares: Sequence[float], rng: np.random.Generator
) -> IntArray:
    """Per row, the part it goes to: one part for each share of the rows, stratified over all labels, units kept whole.

    units: (rows,). labels: (rows, labels). shares: they add up to 1. Large units are assigned first, then
    those with the rarest label (the order of Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of
    multi-label data"). Each unit goes to the part whose squared shortfalls it reduces most; shortfalls are those of
    every label and of rows, relative to their totals. (No maintained library keeps units of rows and several outputs.)
    """
    patterns = label_patterns(units, labels)
    contents = patterns.contents
    counts = np.append(labels.sum(axis=0), len(units))
    totals = np.maximum(counts, 1)
    sizes = contents[patterns.of_unit, -1]
    rarest = np.full(len(contents), len(units))  # of its labels, how many rows have it
    for label, total in enumerate(totals):
        np.minimum(rarest, total, out=rarest, where=contents[:, label] > 0)
    rarest = rarest[patterns.of_unit]
    shuffled = rng.permutation(len(sizes))
    order = shuffled[np.lexsort((rarest[shuffled], -sizes[shuffled]))]
    large = int((sizes > 1).sum())
    pattern = patterns.of_unit[order]
    shortfall = np.outer(shares, counts)
    part_of = np.empty(len(sizes), dtype=np.int64)
    part_of[order[:large]] = _parts_of_units(contents, pattern[:large], totals, shortfall, shares, rng)
    part_of[order[large:]] = _parts_of_rows(contents, pattern[large:], totals, shortfall, shares, rng)
    _fill_empty(part_of, sizes, len(shares))
    return part_of[units]


def _parts_of_units(
    contents: npt.NDArray[np.int32],
    pattern: IntArray,
    totals: IntArray,
    shortfall: FloatArray,
    shares: Sequence[float],
    rng: np.random.Generator,
) -> IntArray:
    """(units,): the parts of these units in turn, by their patterns. shortfall: (parts, labels), kept up to date."""
    parts = np.empty(len(pattern), np.int64)
    of_rows = np.asarray(shares)
    for place, number in enumerate(pattern):
        content = contents[number]
        gain = (2 * shortfall - content) @ (content / totals) / of_rows
        best = (gain >= gain.max() - SAME_GAIN).nonzero()[0]
        part = best[0] if len(best) == 1 else best[rng.integers(len(best))]  # a choice among one draws nothing
        parts[place] = part
        shortfall[part] -= content
    return parts


def _parts_of_rows(
    contents: npt.NDArray[np.int32],
    pattern: IntArray,
    totals: IntArray,
    shortfall: FloatArray,
    shares: Sequence[float],
    rng: np.random.Generator,
) -> IntArray:
    """The same of units of one row, several times as fast: what a label adds to the gain is the same for each of them,
    and changes for one part at a time. These loops run over few numbers, for which lists are faster than arrays."""
    weights = (1 / np.outer(shares, totals)).tolist()
    left = shortfall.tolist()
    gains = ((2 * shortfall - 1) / np.outer(shares, totals)).T.tolist()  # by label, then by part

    @lru_cache(maxsize=MOST_PATTERNS)
    def labels_of(number: int) -> tuple[list[int], list[list[float]]]:
        labels = contents[number].nonzero()[0].tolist()
        return labels, [gains[label] for label in labels]

    parts = []
    for number in pattern.tolist():
        labels, added = labels_of(number)
        gain = list(map(sum, zip(*added, strict=True)))
        enough = max(gain) - SAME_GAIN
        best = [part for part, value in enumerate(gain) if value >= enough]
        part = best[0] if len(best) == 1 else best[rng.integers(len(best))]
        parts.append(part)
        own, weight = left[part], weights[part]
        for label in labels:
            own[label] -= 1
            gains[label][part] = (2 * own[label] - 1) * weight[label]
    return np.array(parts, np.int64)


def _fill_empty(part_of: IntArray, sizes: IntArray, parts: int) -> None:
    """Moves into each empty part the smallest unit of the part with most units, in place (only tiny tables need it)."""
    for part in range(parts):
        if not (part_of == part).any():
            donor = np.bincount(part_of, minlength=parts).argmax()
            members = np.flatnonzero(part_of == donor)
            part_of[members[np.argmin(sizes[members])]] = part
