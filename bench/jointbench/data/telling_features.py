"""Columns that tell an output nearly exactly on their own: a leak, where they are not known before the output is.

A column's skill is what its sorted values alone predict, without a model: an output lies on the line through its neighbours
in the column's order, or is that of all rows of one value. The variance around such lines estimates that of the noise
(Gasser, Sroka & Jennen-Steinmetz 1986).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jointbench.data.findings import Finding
from jointbench.types import FloatArray, Output

TELLING_SKILL = 0.999
FEWEST_ROWS = 50
MOST_ROWS = 20_000  # that are looked at, at even distances


def telling_columns(
    features: pd.DataFrame, targets: Mapping[str, FloatArray], outputs: Sequence[Output], copies: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    """Each feature, and each other output, of more than TELLING_SKILL on an output. copies: named already."""
    named = {finding.text for finding in copies}
    rows = np.unique(np.linspace(0, len(features) - 1, MOST_ROWS).astype(np.int64))
    columns = {name: _numbers(features[name])[rows] for name in features.columns}
    others = {output.name: targets[output.name][rows] for output in outputs}
    findings = []
    for output in outputs:
        for name, values in _all_but(output.name, columns, others):
            text = f"{name!r} (of {output.name!r})"
            if text not in named and skill_alone(values, others[output.name], output) > TELLING_SKILL:
                findings.append(Finding("tells", text))
    return tuple(findings)


def _all_but(
    output: str, columns: Mapping[str, FloatArray], others: Mapping[str, FloatArray]
) -> Iterator[tuple[str, FloatArray]]:
    yield from columns.items()
    yield from ((name, values) for name, values in others.items() if name != output)


def _numbers(column: pd.Series) -> FloatArray:
    """Numbers, or the codes of names, whose order means nothing: they are grouped and not sorted by it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, np.float64)
    return column.to_numpy(np.float64)


def skill_alone(values: FloatArray, target: FloatArray, output: Output) -> float:
    """The skill of one column on an output, at most 1; 0 where too few rows have both.

    values, target: (rows,), NaN where missing. A class counts as missed where it is neither neighbour's.
    """
    both = ~np.isnan(values) & ~np.isnan(target)
    x, y = values[both], target[both]
    if len(x) < FEWEST_ROWS or not np.ptp(y):
        return 0.0
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    _, starts = np.unique(x, return_index=True)
    if output.kind == "regression":
        error = _between(x, y) if 2 * len(starts) > len(x) else _within(y, starts)
        return 1 - error / float(y.var())
    shares = np.unique(y, return_counts=True)[1] / len(y)
    if 2 * len(starts) > len(x):
        missed = np.mean((y[1:-1] != y[:-2]) & (y[1:-1] != y[2:]))
        return 1 - float(missed) / float((shares * (1 - shares) ** 2).sum())
    return 1 - _impurity(y, starts) / float(1 - (shares**2).sum())


def _between(x: FloatArray, y: FloatArray) -> float:
    """The variance around a line through both neighbours, of rows in order: of noise alone it is the noise's."""
    width = x[2:] - x[:-2]
    share = np.divide(x[2:] - x[1:-1], width, out=np.full(len(width), 0.5), where=width > 0)
    residual = y[1:-1] - share * y[:-2] - (1 - share) * y[2:]
    return float(np.mean(residual**2 / (1 + share**2 + (1 - share) ** 2)))


def _within(y: FloatArray, starts: npt.NDArray[np.int64]) -> float:
    """The variance among rows of one value."""
    sizes = np.diff([*starts, len(y)])
    means = np.add.reduceat(y, starts) / sizes
    return float(((y - np.repeat(means, sizes)) ** 2).sum()) / (len(y) - len(starts))


def _impurity(y: FloatArray, starts: npt.NDArray[np.int64]) -> float:
    """How often two rows of one value differ in class."""
    sizes = np.diff([*starts, len(y)])
    _, codes = np.unique(y, return_inverse=True)
    classes = int(codes.max()) + 1
    places = np.repeat(np.arange(len(starts)), sizes) * classes + codes
    counts = np.bincount(places, minlength=len(starts) * classes).reshape(-1, classes)
    return float((sizes - (counts**2).sum(axis=1) / sizes).sum()) / (len(y) - len(starts))
