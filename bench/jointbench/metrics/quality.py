"""Quality of predictions: the error that skill is computed from, the no-skill predictor and the usual metrics.

Skill is the part of a no-skill predictor's error that a model removes: 1 - error / no-skill error. The error is
the mean squared error or the log loss, the no-skill predictor the training mean or class frequencies.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    roc_auc_score,
)

from jointbench.records import Score
from jointbench.types import FloatArray, Output


def class_frequencies(codes: npt.NDArray[np.floating], classes: int) -> FloatArray:
    """Relative class frequencies with one pseudo-count per class: a class without rows has a frequency above 0."""
    counts = np.bincount(codes.astype(np.int64), minlength=classes) + 1.0
    frequencies: FloatArray = counts / counts.sum()
    return frequencies


def no_skill_loss(output: Output, train: FloatArray) -> float:
    """The no-skill predictor's mean loss on the training values: their variance, or the entropy of the classes.

    1 for a constant target, so that dividing by it is harmless.
    """
    if output.kind == "regression":
        return float(np.var(train)) or 1.0
    frequencies = class_frequencies(train, len(output.classes))
    counts = np.bincount(train.astype(np.int64), minlength=len(output.classes))
    return float(-(counts @ np.log(frequencies)) / max(counts.sum(), 1)) or 1.0


def no_skill_error(output: Output, train: FloatArray, test: FloatArray) -> float:
    """The error on the test values of predicting the training mean or the training class frequencies."""
    if output.kind == "regression":
        return float(np.mean((test - train.mean()) ** 2))
    return float(-np.mean(np.log(class_frequencies(train, len(output.classes)))[test.astype(np.int64)]))


def log_probabilities(logits: FloatArray) -> FloatArray:
    """Log class probabilities (rows, classes) from logits, (rows, 1) for a binary output or (rows, classes)."""
    if logits.shape[1] == 1:
        return np.stack([-np.logaddexp(0, logits[:, 0]), -np.logaddexp(0, -logits[:, 0])], axis=1)
    result: FloatArray = log_softmax(logits, axis=1)
    return result


def score(output: Output, observed: FloatArray, predicted: FloatArray, no_skill: float) -> Score:
    """Scores predictions on rows with a known label.

    observed: (rows,), values or class codes. predicted: values (rows,) in the target's unit, or logits (rows, units).
    no_skill: the no-skill error on the same rows. A metric that is undefined there (AUC with one class) is None.
    """
    if output.kind == "regression":
        residual = predicted - observed
        error = float(np.mean(residual**2))
        rmse = float(np.sqrt(error))
        variation = float(np.sum((observed - observed.mean()) ** 2))
        return Score(
            output.name,
            error,
            {
                "rmse": rmse,
                "mae": float(mean_absolute_error(observed, predicted)),
                "r2": 1 - float(np.sum(residual**2)) / variation if variation > 0 else None,
                "rrmse": rmse / float(np.sqrt(no_skill)) if no_skill > 0 else None,
            },
        )
    log_probability = log_probabilities(predicted)
    codes = observed.astype(np.int64)
    error = float(-log_probability[np.arange(len(codes)), codes].mean())
    predicted_codes = log_probability.argmax(axis=1)
    return Score(
        output.name,
        error,
        {
            "log_loss": error,
            "accuracy": float(accuracy_score(codes, predicted_codes)),
            "balanced_accuracy": _mean_recall(codes, predicted_codes),
            "macro_f1": float(
                f1_score(codes, predicted_codes, labels=range(len(output.classes)), average="macro", zero_division=0)
            ),
            "roc_auc": _roc_auc(output, codes, predicted, log_probability),
        },
    )


def _mean_recall(codes: npt.NDArray[np.int64], predicted_codes: npt.NDArray[np.int64]) -> float:
    """Mean recall over the classes that occur (scikit-learn's function warns when a predicted class does not occur)."""
    return float(np.mean([np.mean(predicted_codes[codes == code] == code) for code in np.unique(codes)]))


def _roc_auc(
    output: Output, codes: npt.NDArray[np.int64], logits: FloatArray, log_probability: FloatArray
) -> float | None:
    """Area under the ROC curve, one against the rest averaged over classes; None unless all classes occur."""
    if len(np.unique(codes)) < len(output.classes):
        return None
    if log_probability.shape[1] == 2:
        return float(roc_auc_score(codes, log_probability[:, 1] - log_probability[:, 0]))
    return float(roc_auc_score(codes, np.exp(log_probability), multi_class="ovr"))
