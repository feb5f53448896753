"""Reference models on the same folds: ridge and logistic regression, one per output.

A network that does not beat them has learnt nothing that a straight line does not know.
"""

from __future__ import annotations

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from jointbench.types import Float32Array, FloatArray, IntArray, Output

RIDGE_PENALTIES = (1e-2, 1.0, 1e1, 1e2, 1e3)
LOGISTIC_STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


def linear_predictions(
    output: Output, features: Float32Array, values: FloatArray, train: IntArray, validation: IntArray, test: IntArray
) -> FloatArray:
    """Predictions on the test rows: values (rows,), or log-odds and log-probabilities (rows, units).

    The penalty is the one with the least validation error, so the reference uses the validation rows for what
    the networks use them for. values: (all rows,), standardised or codes, NaN where missing.
    """
    train = train[~np.isnan(values[train])]
    validation = validation[~np.isnan(values[validation])]
    if not len(validation):
        validation = train
    rows = features.reshape(len(features), -1)
    best, answer = np.inf, np.zeros(0)
    candidates = RIDGE_PENALTIES if output.kind == "regression" else LOGISTIC_STRENGTHS
    for candidate in candidates:
        if output.kind == "regression":
            ridge = Ridge(alpha=candidate).fit(rows[train], values[train])
            error = float(np.mean((ridge.predict(rows[validation]) - values[validation]) ** 2))
            predicted = ridge.predict(rows[test])
        else:
            logistic = _fit_logistic(rows[train], values[train], candidate)
            chosen = _class_scores(logistic, rows[validation], len(output.classes))
            error = float(-chosen[np.arange(len(validation)), values[validation].astype(np.int64)].mean())
            predicted = _class_scores(logistic, rows[test], len(output.classes))
            if output.units == 1:
                predicted = predicted[:, 1:] - predicted[:, :1]
        if error < best:
            best, answer = error, predicted
    return np.asarray(answer, np.float64)


def _fit_logistic(rows: Float32Array, codes: FloatArray, strength: float) -> LogisticRegression | DummyClassifier:
    if len(np.unique(codes)) == 1:
        return DummyClassifier().fit(rows, codes.astype(np.int64))
    return LogisticRegression(C=strength, max_iter=2000, tol=1e-3).fit(rows, codes.astype(np.int64))


def _class_scores(model: LogisticRegression | DummyClassifier, rows: Float32Array, classes: int) -> FloatArray:
    """(rows, classes) log-probabilities; a class that no training row had is very unlikely, not impossible."""
    scores = np.full((len(rows), classes), -20.0)
    with np.errstate(divide="ignore"):
        scores[:, model.classes_] = model.predict_log_proba(rows)
    return np.maximum(scores, -20.0)
