"""The fitted preprocessing of a table as plain numbers: what a row becomes before a network reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

from jointbench.data.preprocess import dense, encoder
from jointbench.data.target_coding import CodedColumn
from jointbench.types import Float32Array, FloatArray


@dataclass(frozen=True, eq=False)
class CategoryTable:
    """A categorical column. rows: (categories + 1, columns), float32, what each category becomes; the last is that of a
    value that is none of them."""

    column: str
    categories: tuple[str, ...]
    rows: Float32Array


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """A table's preprocessing, its parts side by side in this order: numbers, missing marks, categories.

    numeric: columns; a missing value is replaced by ``fill``, then ``mean`` is taken off and the rest divided by
    ``scale``, (numeric columns,) each, in float64. marked: numeric columns with a 1 beside them where the value is
    missing. categories: a column may have several tables. kept: (columns,), 0 for those that are zero in every row, whatever it holds.
    """

    numeric: tuple[str, ...]
    fill: FloatArray
    mean: FloatArray
    scale: FloatArray
    marked: tuple[str, ...]
    categories: tuple[CategoryTable, ...]
    kept: Float32Array


def fitted_preprocessing(features: pd.DataFrame, coded: Sequence[CodedColumn] = ()) -> Preprocessing:
    """The preprocessing of a table, fitted on all its rows: the networks' own (``data.preprocess.prepare``).

    coded: the columns that are made from labels.
    """
    fitted = encoder(features).fit(features)
    parts = {name: (part, list(columns)) for name, part, columns in fitted.transformers_}
    numeric: list[str] = []
    fill, mean, scale = (np.zeros(0) for _ in range(3))
    if "numeric" in parts:
        pipeline, numeric = parts["numeric"]
        imputer, scaler = pipeline[0], pipeline[1]
        fill, mean, scale = np.asarray(imputer.statistics_), np.asarray(scaler.mean_), np.asarray(scaler.scale_)
    marked = parts["missing"][1] if "missing" in parts else []
    tables = _tables(*parts["categorical"]) if "categorical" in parts else []
    encoded = dense(fitted.transform(features))
    kept = (np.abs(encoded).max(axis=0) >= 0.5).astype(np.float32)
    codes = [
        CategoryTable(
            column.column, tuple(map(str, features[column.column].cat.categories)), column.levels[:, None].copy()
        )
        for column in coded
    ]
    kept = np.concatenate([kept, np.ones(len(codes), np.float32)])
    return Preprocessing(tuple(numeric), np.nan_to_num(fill), mean, scale, tuple(marked), (*tables, *codes), kept)


def encoded_rows(features: pd.DataFrame, table: Preprocessing) -> Float32Array:
    """The rows as a service's network reads them, (rows, columns)."""
    numbers = features[list(table.numeric)].to_numpy(np.float64)
    parts = [
        (np.where(np.isnan(numbers), table.fill, numbers) - table.mean) / table.scale,
        features[list(table.marked)].isna().to_numpy(),
        *(_looked_up(features[category.column], category) for category in table.categories),
    ]
    encoded: Float32Array = np.concatenate(parts, axis=1).astype(np.float32) * table.kept
    return encoded


def _looked_up(names: pd.Series, table: CategoryTable) -> Float32Array:
    places = pd.Index(table.categories).get_indexer(pd.Index(names.astype(str)))  # -1, the last row, if unknown
    return table.rows[places]


def _tables(one_hot: OneHotEncoder, columns: list[str]) -> list[CategoryTable]:
    """Each column's table, from what the encoder answers for every category and for a value that it does not know."""
    unknown = "\0"  # no category: a cell of text has none
    longest = max(len(categories) for categories in one_hot.categories_)
    rows = pd.DataFrame(
        {
            column: [*categories, *[unknown] * (longest - len(categories) + 1)]
            for column, categories in zip(columns, one_hot.categories_, strict=True)
        },
        dtype=object,
    )
    encoded = dense(one_hot.transform(rows))
    tables, start = [], 0
    widths = _widths(one_hot)
    for column, categories, width in zip(columns, one_hot.categories_, widths, strict=True):
        part = encoded[: len(categories) + 1, start : start + width]
        start += width
        tables.append(CategoryTable(column, tuple(str(category) for category in categories), part))
    return tables


def _widths(one_hot: OneHotEncoder) -> list[int]:
    """Columns that each column becomes: one for each frequent category, and one for all others where there are such."""
    infrequent = one_hot.infrequent_categories_
    return [
        len(categories) - (0 if rare is None else len(rare) - 1)
        for categories, rare in zip(one_hot.categories_, infrequent, strict=True)
    ]
