"""Reference models on the same folds, one per output: ridge or logistic regression, and boosted trees.

A network that does not beat the linear model has learnt nothing beyond it; one that does not beat the trees is not
what a practitioner would use on that table.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from jointbench.types import Float32Array, FloatArray, IntArray, Output

LINEAR, TREES = "linear", "boosted trees"
RIDGE_PENALTIES = (1e-2, 1.0, 1e1, 1e2, 1e3)
LOGISTIC_STRENGTHS = (1e-2, 1e-1, 1.0, 10.0)
TREE_ROUNDS, TREE_PATIENCE = 200, 10
BLOCK_SIDES = {LINEAR: 2, TREES: 4}  # of the blocks over which images are averaged


def reference_predictions(
    model: str,
    output: Output,
    features: Float32Array,
    values: FloatArray,
    parts: tuple[IntArray, IntArray, IntArray],
    weights: FloatArray | None = None,
    tree_rounds: int = TREE_ROUNDS,
) -> FloatArray:
    """Predictions on the test rows: values (rows,), or log-odds and log-probabilities (rows, units).

    model: LINEAR or TREES. features: all rows. values: (all rows,), standardised or class codes, NaN where missing.
    parts: row numbers to train, validate and test on. The validation rows choose the linear model's penalty and the
    number of trees, as they choose the number of epochs for a network. weights: (all rows,), above 0, default 1 each.
    tree_rounds: of boosting, at the most.
    """
    train, validation, test = parts
    train = train[~np.isnan(values[train])]
    validation = validation[~np.isnan(values[validation])]
    if not len(validation):
        validation = train
    rows = _inputs(model, features)
    least_error, best = np.inf, np.zeros(0)
    for candidate in _candidates(model, output, np.unique(values[train]), tree_rounds):
        _fit(candidate, rows, values, weights, train, validation)
        error, predicted = _evaluate(candidate, output, rows, values, weights, validation, test)
        if error < least_error:
            least_error, best = error, predicted
    return np.asarray(best, np.float64)


def tree_columns(input_shape: tuple[int, ...]) -> int:
    """Columns that the trees read of rows of this shape."""
    if len(input_shape) < 3:
        return math.prod(input_shape)
    height, width, depth = input_shape
    return height // BLOCK_SIDES[TREES] * (width // BLOCK_SIDES[TREES]) * depth


def _inputs(model: str, features: Float32Array) -> Float32Array:
    """(rows, columns). Images are averaged over blocks, 2x2 for the linear model and 4x4 for the trees: both then fit
    in seconds and lose little."""
    if features.ndim == 4:
        side = BLOCK_SIDES[model]
        rows, height, width, depth = features.shape
        even = features[:, : height // side * side, : width // side * side]
        blocks = even.reshape(rows, height // side, side, width // side, side, depth)
        features = blocks.mean(axis=(2, 4), dtype=np.float32)
    return features.reshape(len(features), -1)


def _candidates(model: str, output: Output, seen: FloatArray, tree_rounds: int) -> list[Any]:
    """Unfitted models to choose from on the validation rows. seen: the different values of the training rows."""
    if output.kind == "regression":
        if model == LINEAR:
            return [Ridge(alpha=penalty) for penalty in RIDGE_PENALTIES]
        return [HistGradientBoostingRegressor(**_tree_settings(tree_rounds), random_state=0)]
    if len(seen) == 1:  # one class in the training rows: nothing to separate
        return [DummyClassifier()]
    if model == LINEAR:
        return [LogisticRegression(C=strength, max_iter=2000, tol=1e-3) for strength in LOGISTIC_STRENGTHS]
    return [HistGradientBoostingClassifier(**_tree_settings(tree_rounds), random_state=0)]


def _tree_settings(rounds: int) -> dict[str, Any]:
    return {"max_iter": rounds, "n_iter_no_change": TREE_PATIENCE, "early_stopping": True, "max_leaf_nodes": 15}


def _fit(
    model: Any,
    rows: Float32Array,
    values: FloatArray,
    weights: FloatArray | None,
    train: IntArray,
    validation: IntArray,
) -> None:
    own = {} if weights is None else {"sample_weight": weights[train]}
    if isinstance(model, HistGradientBoostingRegressor):
        if weights is not None:
            own["sample_weight_val"] = weights[validation]
        model.fit(rows[train], values[train], X_val=rows[validation], y_val=values[validation], **own)
    elif isinstance(model, HistGradientBoostingClassifier):
        # Its early stopping cannot score a class that no training row has.
        usable = validation[np.isin(values[validation], np.unique(values[train]))]
        usable = usable if len(usable) else train
        if weights is not None:
            own["sample_weight_val"] = weights[usable]
        codes = np.nan_to_num(values).astype(np.int64)
        model.fit(rows[train], codes[train], X_val=rows[usable], y_val=codes[usable], **own)
    elif isinstance(model, Ridge):
        with warnings.catch_warnings():
            # Collinear columns under the smallest penalty warn; the validation rows then choose another penalty.
            warnings.simplefilter("ignore", LinAlgWarning)
            model.fit(rows[train], values[train], **own)
    else:
        model.fit(rows[train], values[train].astype(np.int64), **own)


def _evaluate(
    model: Any,
    output: Output,
    rows: Float32Array,
    values: FloatArray,
    weights: FloatArray | None,
    validation: IntArray,
    test: IntArray,
) -> tuple[float, FloatArray]:
    """(validation error, predictions on the test rows)."""
    own = None if weights is None else weights[validation]
    if output.kind == "regression":
        fitted, predicted = (np.asarray(model.predict(rows[part]), np.float64) for part in (validation, test))
        return float(np.average((fitted - values[validation]) ** 2, weights=own)), predicted
    log_probability = _class_scores(model, rows[validation], len(output.classes))
    losses = -log_probability[np.arange(len(validation)), values[validation].astype(np.int64)]
    error = float(np.average(losses, weights=own))
    predicted = _class_scores(model, rows[test], len(output.classes))
    return error, predicted[:, 1:] - predicted[:, :1] if output.units == 1 else predicted


def _class_scores(model: Any, rows: Float32Array, classes: int) -> FloatArray:
    """(rows, classes) log-probabilities; a class that no training row had is very unlikely, not impossible."""
    scores = np.full((len(rows), classes), -20.0)
    with np.errstate(divide="ignore"):
        scores[:, model.classes_] = np.maximum(np.log(model.predict_proba(rows)), -20.0)
    return scores
