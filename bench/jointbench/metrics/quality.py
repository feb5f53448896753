"""Quality of predictions: the error that skill is computed from, the no-skill predictor and the usual metrics.

Skill is the part of a no-skill predictor's error that a model removes: 1 - error / no-skill error. The error is the
mean of the losses that ``row_losses`` gives under the output's metric.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, mean_absolute_error, roc_auc_score

from jointbench.metrics.row_losses import class_frequencies, log_probabilities, no_skill_row_losses, row_losses
from jointbench.records import Score
from jointbench.types import FloatArray, IntArray, Output

BINS = 15


def no_skill_loss(output: Output, train: FloatArray, weights: FloatArray | None = None) -> float:
    """The no-skill predictor's mean loss on the training values: their variance, or the entropy of the classes.

    1 for a constant target, so that dividing by it is harmless. weights: (training rows,), default 1 each.
    """
    if output.kind == "regression":
        variance = np.var(train) if weights is None else weighted_variance(train, weights)
        return float(variance) or 1.0
    frequencies = class_frequencies(train, len(output.classes), weights)
    counts = np.bincount(train.astype(np.int64), weights=weights, minlength=len(output.classes))
    return float(-(counts @ np.log(frequencies)) / (counts.sum() or 1.0)) or 1.0


def weighted_variance(values: FloatArray, weights: FloatArray) -> float:
    """The weighted mean squared distance from the weighted mean; 0 of no values."""
    if not len(values):
        return 0.0
    return float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))


def no_skill_error(output: Output, train: FloatArray, test: FloatArray) -> float:
    """The error on the test values of the no-skill predictor that learnt from the training values."""
    return float(np.mean(no_skill_row_losses(output, train, test)))


def score(
    output: Output,
    observed: FloatArray,
    predicted: FloatArray,
    no_skill: float,
    weights: FloatArray | None = None,
    metric_weights: FloatArray | None = None,
) -> Score:
    """Scores predictions on rows with a known label.

    observed: (rows,), values or class codes. predicted: values (rows,) in the target's unit, or logits (rows, units).
    no_skill: the no-skill error on the same rows. weights, metric_weights: (rows,), of the error and of the metrics,
    default 1 each. A metric that is undefined there (AUC with one class) is None.
    """
    error = float(np.average(row_losses(output.error_metric, observed, predicted), weights=weights))
    metrics = _value_metrics if output.kind == "regression" else _class_metrics
    return Score(output.name, error, metrics(output, observed, predicted, metric_weights, no_skill))


def _value_metrics(
    output: Output, observed: FloatArray, predicted: FloatArray, weights: FloatArray | None, no_skill: float
) -> dict[str, float | None]:
    squared = (predicted - observed) ** 2
    rmse = float(np.sqrt(np.average(squared, weights=weights)))
    mean = np.average(observed, weights=weights)
    variation = float(np.average((observed - mean) ** 2, weights=weights))
    relative = no_skill > 0 and output.error_metric == "squared"
    return {
        "rmse": rmse,
        "mae": float(mean_absolute_error(observed, predicted, sample_weight=weights)),
        "r2": 1 - rmse**2 / variation if variation > 0 else None,
        "rrmse": rmse / float(np.sqrt(no_skill)) if relative else None,
    }


def _class_metrics(
    output: Output, observed: FloatArray, predicted: FloatArray, weights: FloatArray | None, _: float
) -> dict[str, float | None]:
    log_probability = log_probabilities(predicted)
    codes = observed.astype(np.int64)
    answers = log_probability.argmax(axis=1)
    labels = range(len(output.classes))
    every_class = len(np.unique(codes)) == len(output.classes)
    return {
        "log_loss": float(np.average(row_losses("log", observed, predicted), weights=weights)),
        "brier": float(np.average(row_losses("brier", observed, predicted), weights=weights)),
        "calibration_error": calibration_error(codes, np.exp(log_probability), weights),
        "accuracy": float(accuracy_score(codes, answers, sample_weight=weights)),
        "balanced_accuracy": _mean_recall(codes, answers, weights),
        "macro_f1": float(
            f1_score(codes, answers, labels=labels, average="macro", zero_division=0, sample_weight=weights)
        ),
        "roc_auc": _ranked(roc_auc_score, codes, log_probability, weights) if every_class else None,
        "average_precision": _ranked(average_precision_score, codes, log_probability, weights) if every_class else None,
    }


def calibration_error(codes: IntArray, probabilities: FloatArray, weights: FloatArray | None = None) -> float:
    """The expected calibration error of the most probable class: mean |share that is right - mean probability| over
    BINS equal bins of the probability, weighted by their rows (Guo, Pleiss, Sun & Weinberger, ICML 2017)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == codes
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    rows = np.ones(len(codes)) if weights is None else weights
    gaps = np.bincount(bins, weights=rows * (right - confidence), minlength=BINS)
    return float(np.abs(gaps).sum() / rows.sum())


def _mean_recall(codes: IntArray, answers: IntArray, weights: FloatArray | None) -> float:
    """Mean recall over the classes that occur (scikit-learn's function warns when a predicted class does not occur)."""
    rows = np.ones(len(codes)) if weights is None else weights
    right = rows * (answers == codes)
    occurring = [codes == code for code in np.unique(codes[rows > 0])]
    return float(np.mean([right[rows_of_class].sum() / rows[rows_of_class].sum() for rows_of_class in occurring]))


def _ranked(
    metric: Callable[..., float], codes: IntArray, log_probability: FloatArray, weights: FloatArray | None
) -> float:
    """A metric of the order of rows: of the second class against the first, or of each against the rest, averaged."""
    if log_probability.shape[1] == 2:
        return float(metric(codes, log_probability[:, 1] - log_probability[:, 0], sample_weight=weights))
    return float(
        np.mean(
            [
                metric(codes == code, np.exp(log_probability[:, code]), sample_weight=weights)
                for code in range(log_probability.shape[1])
            ]
        )
    )
