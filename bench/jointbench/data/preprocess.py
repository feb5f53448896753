"""Preprocessing, fitted on a split's training rows only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from jointbench.data.row_weights import output_weights
from jointbench.data.shared_table import zeros
from jointbench.data.target_coding import CodedColumn, coded_columns
from jointbench.metrics.quality import no_skill_loss, weighted_variance
from jointbench.types import Dataset, Float32Array, FloatArray, IntArray, Output, Split

BLOCK_ROWS = 2**14  # that are encoded at a time: an encoded table is several times as large on its way to float32
MAX_CATEGORIES = 50  # of one column; rarer ones share an "infrequent" column


@dataclass(frozen=True, eq=False)
class Prepared:
    """A dataset ready to train on under one split.

    features: (rows, columns) or (rows, height, width, channels), all rows. targets, weights: (rows, outputs).
    Regression targets are standardised on the training rows (value = target x scale + mean), classes are codes;
    a weight is 0 where the label is missing, else 1 or what ``row_weights`` says. no_skill: per output, the no-skill predictor's loss on the training
    rows, in the units of ``targets``. coded: the columns that are made from labels (``target_coding``), which come last.
    """

    features: Float32Array
    targets: Float32Array
    weights: Float32Array
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    no_skill: tuple[float, ...]
    coded: tuple[CodedColumn, ...] = ()

    def columns_of_others(self, outputs: Sequence[int]) -> IntArray:
        """Indices of the feature columns that are made from the labels of other outputs than these."""
        first = self.features.shape[1] - len(self.coded)
        return np.array([first + i for i, column in enumerate(self.coded) if column.output not in outputs], np.int64)


def encoder(features: pd.DataFrame) -> ColumnTransformer:
    """An unfitted encoder. Numeric columns: median-imputed and standardised. Categorical columns: one-hot.

    A numeric column with missing values gets a 0/1 column beside it. Which columns have missing values and which
    categories exist is read off the whole table, so that every fold's network has the same input width; every
    *estimated* value (median, mean, scale) comes from the rows that the encoder is fitted on.
    """
    categorical = [column for column in features.columns if isinstance(features[column].dtype, pd.CategoricalDtype)]
    numeric = [column for column in features.columns if column not in categorical]
    incomplete = [column for column in numeric if features[column].isna().any()]
    # keep_empty_features: a column that is empty in one fold's training rows must not vanish from that fold
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    one_hot = OneHotEncoder(
        categories=[list(features[column].cat.categories) for column in categorical],
        handle_unknown="infrequent_if_exist",
        max_categories=MAX_CATEGORIES,
        dtype=np.float32,
    )
    parts: list[tuple[str, object, list[str]]] = []
    if numeric:
        parts.append(("numeric", make_pipeline(impute, StandardScaler()), numeric))
    if incomplete:
        parts.append(("missing", MissingIndicator(features="all"), incomplete))
    if categorical:
        parts.append(("categorical", one_hot, categorical))
    return ColumnTransformer(parts, sparse_threshold=1.0)  # sparse with names: fitting makes the whole table too


@lru_cache(maxsize=1)
def _scaled_images(dataset: Dataset) -> Float32Array:
    """Images as float32 in [0, 1]: one array for all splits, because nothing is fitted."""
    assert isinstance(dataset.features, np.ndarray)
    return dataset.features.astype(np.float32) / np.float32(255)


def many_valued(features: pd.DataFrame) -> list[str]:
    """The columns with more names than have a column of their own."""
    return [
        column
        for column in features.columns
        if isinstance(features[column].dtype, pd.CategoricalDtype)
        and len(features[column].cat.categories) > MAX_CATEGORIES
    ]


def encode(features: pd.DataFrame, train: IntArray, room: int = 0) -> Float32Array:
    """Features as float32, (rows, columns + room), by an encoder fitted on ``train``; the last ``room`` columns are 0.

    A column that is zero in every training row (a category that does not occur there) becomes zero in all rows:
    its kernel row would keep its initial values and only add noise.
    """
    fitted = encoder(features).fit(features.iloc[train])
    trained = np.zeros(len(features), bool)
    trained[train] = True
    encoded, largest = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
    for start in range(0, len(features), BLOCK_ROWS):
        block = fitted.transform(features.iloc[start : start + BLOCK_ROWS])
        rows = dense(block)
        if start == 0:
            encoded = zeros((len(features), rows.shape[1] + room))
            largest = np.zeros(rows.shape[1], np.float32)
        encoded[start : start + len(rows), : len(largest)] = rows
        own = np.abs(rows[trained[start : start + len(rows)]])
        largest = np.maximum(largest, own.max(axis=0, initial=0))
    # A standardised column that varies reaches 1 somewhere and a category that occurs is 1: less is rounding error.
    encoded[:, np.flatnonzero(largest < 0.5)] = 0
    return encoded


def dense(encoded: Any) -> Float32Array:
    """What an encoder answers, which is sparse where there are names."""
    return np.asarray(encoded.toarray() if issparse(encoded) else encoded, np.float32)


def prepare(dataset: Dataset, split: Split, encoded: Float32Array | None = None) -> Prepared:
    """The arrays for one split. Nothing of the validation or test rows enters the encoding or the scaling.

    encoded: the features where they are known from other labels of the same rows, and none is made from labels.
    """
    targets = np.zeros((dataset.rows, len(dataset.outputs)))
    weights = np.ones_like(targets)
    means, scales, no_skill = [], [], []
    for column, output in enumerate(dataset.outputs):
        values = dataset.targets[output.name]
        present = ~np.isnan(values)
        known = split.train[present[split.train]]
        train, own = values[known], output_weights(dataset, output, split.train)
        known_weights = None if own is None else own[known]
        mean, scale = standardisation(output, train, known_weights)
        targets[present, column] = (values[present] - mean) / scale
        weights[:, column] = present if own is None else np.where(present, own, 0.0)
        means.append(mean)
        scales.append(scale)
        no_skill.append(no_skill_loss(output, (train - mean) / scale, known_weights))
    coded: list[tuple[CodedColumn, Float32Array]] = []
    if encoded is not None:
        features = encoded
    elif isinstance(dataset.features, np.ndarray):
        features = _scaled_images(dataset)
    else:
        labels = np.where(weights > 0, targets, np.nan)
        names = many_valued(dataset.features)
        coded = coded_columns(dataset.features, names, dataset.outputs, labels, split.train, split.seed)
        features = encode(dataset.features, split.train, len(coded))
        for place, (_, column_values) in enumerate(coded, features.shape[1] - len(coded)):
            features[:, place] = column_values
    return Prepared(
        features,
        targets.astype(np.float32),
        weights.astype(np.float32),
        tuple(means),
        tuple(scales),
        tuple(no_skill),
        tuple(code for code, _ in coded),
    )


def standardisation(output: Output, train: FloatArray, weights: FloatArray | None = None) -> tuple[float, float]:
    """(mean, standard deviation) of a regression target's training values; (0, 1) for classes and constants.

    weights: (training rows,), default 1 each.
    """
    if output.kind != "regression" or len(train) == 0:
        return 0.0, 1.0
    scale = float(train.std()) if weights is None else math.sqrt(weighted_variance(train, weights))
    mean = float(train.mean() if weights is None else np.average(train, weights=weights))
    return mean, scale if scale > 0 else 1.0


def in_units(
    raw: npt.NDArray[np.floating], outputs: Sequence[Output], columns: Sequence[int], prepared: Prepared
) -> list[FloatArray]:
    """Raw network outputs (rows, units) split by output: regression mapped back to the target's unit, (rows,);
    logits as they are, (rows, units). columns: the outputs' positions in the dataset."""
    parts: list[FloatArray] = []
    start = 0
    for output, column in zip(outputs, columns, strict=True):
        part = raw[:, start : start + output.units].astype(np.float64)
        start += output.units
        in_unit = part[:, 0] * prepared.scale[column] + prepared.mean[column]
        parts.append(in_unit if output.kind == "regression" else part)
    return parts
