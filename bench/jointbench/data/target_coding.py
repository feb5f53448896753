"""Names of many levels as numbers: what the training rows' labels of each level are, on the average.

One column for each output (each class of a multiclass one), by scikit-learn's TargetEncoder: levels with few rows are
shrunk towards the mean of all (Micci-Barreca 2001), and a training row is coded by the other folds' rows, so that its own
label is not among its features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from jointbench.types import Float32Array, FloatArray, IntArray, Output

MOST_CLASSES = 10  # of an output that codes names: each class is a column
PARTS = 5  # of the training rows, each coded by the others
FEWEST_ROWS = 2 * PARTS


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """One feature column made from one column of names and one output.

    output: its index. levels: (levels + 1,), the value of each level for rows that are not trained on, the last of a
    level that was not there.
    """

    column: str
    output: int
    levels: Float32Array


def coded_columns(
    features: pd.DataFrame,
    names: Sequence[str],
    outputs: Sequence[Output],
    targets: FloatArray,
    train: IntArray,
    seed: int,
) -> list[tuple[CodedColumn, Float32Array]]:
    """The columns of these names, each with its values, (rows,), as a network reads them. targets: (rows, outputs), a standardised value or a class code, NaN where missing.

    An output of more than MOST_CLASSES classes codes nothing, one with too few labels zeros.
    """
    if not names:
        return []
    places = np.stack([features[name].cat.codes.to_numpy(np.int64) for name in names], axis=1)
    columns: list[tuple[CodedColumn, Float32Array]] = []
    for index, output in enumerate(outputs):
        known = train[~np.isnan(targets[train, index])]
        if len(output.classes) > MOST_CLASSES:
            continue
        for values in _numbers(output, targets[:, index]):
            if len(known) < FEWEST_ROWS:  # in this fold; every fold has the same columns
                columns.extend(_nothing(name, index, features[name]) for name in names)
                continue
            encoder = _encoder(places[known], values[known])
            coded = encoder.transform(places)
            for others, part in KFold(PARTS, shuffle=True, random_state=seed % 2**32).split(known):
                coded[known[part]] = _encoder(places[known[others]], values[known[others]]).transform(
                    places[known[part]]
                )
            for i, name in enumerate(names):
                columns.append(_column(name, index, coded[:, i], known, _of_levels(encoder, i, features[name])))
    return columns


def _nothing(name: str, output: int, names: pd.Series) -> tuple[CodedColumn, Float32Array]:
    levels = np.zeros(len(names.cat.categories) + 1, np.float32)
    return CodedColumn(name, output, levels), np.zeros(len(names), np.float32)


def _encoder(places: IntArray, values: FloatArray) -> TargetEncoder:
    return TargetEncoder(target_type="continuous", smooth="auto").fit(places, values)


def _numbers(output: Output, values: FloatArray) -> Iterator[FloatArray]:
    """What is averaged: the value, whether it is the second class, or whether it is each of more classes."""
    if output.kind != "multiclass":
        yield values
        return
    for code in range(len(output.classes)):
        yield np.where(np.isnan(values), np.nan, values == code)


def _of_levels(encoder: TargetEncoder, column: int, names: pd.Series) -> FloatArray:
    """(levels + 1,): every level's code, that of an unknown one last."""
    levels = len(names.cat.categories)
    places = np.full((levels + 1, encoder.n_features_in_), -2)
    places[:levels, column] = np.arange(levels)
    return np.asarray(encoder.transform(places)[:, column], np.float64)


def _column(
    name: str, output: int, values: FloatArray, train: IntArray, levels: FloatArray
) -> tuple[CodedColumn, Float32Array]:
    """Standardised on the training rows."""
    mean, scale = float(values[train].mean()), float(values[train].std()) or 1.0
    column = CodedColumn(name, output, ((levels - mean) / scale).astype(np.float32))
    return column, ((values - mean) / scale).astype(np.float32)
