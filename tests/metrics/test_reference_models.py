"""Reference rows: what a straight line makes of the same folds, held to scikit-learn's own search."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from jointbench.metrics.quality import score
from jointbench.metrics.reference_models import (
    LINEAR,
    LOGISTIC_STRENGTHS,
    RIDGE_PENALTIES,
    TREES,
    reference_predictions,
)
from jointbench.metrics.row_losses import log_probabilities
from jointbench.types import Output

Floats = npt.NDArray[np.float64]
NUMBER = Output("number", "regression")
BINARY = Output("binary", "binary", ("n", "y"))
THREE = Output("three", "multiclass", ("p", "q", "r"))
PARTS = TRAIN, VALIDATION, TEST = np.arange(0, 60), np.arange(60, 90), np.arange(90, 120)


def features(columns: int = 6, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(120, columns)).astype(np.float32)


def searched(model: Any, grid: dict[str, tuple[float, ...]], scoring: str, values: Floats) -> Any:
    """scikit-learn's grid search on the one validation part, then its best candidate fitted on the training rows."""
    rows = features()
    both = np.concatenate([TRAIN, VALIDATION])
    fold = PredefinedSplit(np.where(np.isin(both, VALIDATION), 0, -1))
    search = GridSearchCV(model, grid, scoring=scoring, cv=fold, refit=False).fit(rows[both], values[both])
    return model.set_params(**search.best_params_).fit(rows[TRAIN], values[TRAIN])


@pytest.mark.parametrize("noise", [0.01, 1.0, 20.0])
def test_ridge_is_scikit_learns_at_the_penalty_that_validates_best(noise: float) -> None:
    """At any noise, hence at small and large penalties."""
    rows = features()
    values = rows @ np.arange(6.0) + np.random.default_rng(1).normal(0, noise, 120)
    model = searched(Ridge(), {"alpha": RIDGE_PENALTIES}, "neg_mean_squared_error", values)
    predictions = reference_predictions(LINEAR, NUMBER, rows, values, PARTS)
    assert predictions.dtype == np.float64
    assert predictions == pytest.approx(model.predict(rows[TEST]), rel=1e-5, abs=1e-5)


def test_collinear_columns_are_no_news_to_the_user() -> None:
    """scikit-learn warns of the smallest penalty, which the validation rows pass over; a warning fails this test."""
    rows = np.repeat(1e4 * features(1), 8, axis=1)
    values = rows[:, 0] / 1e4
    predictions = reference_predictions(LINEAR, NUMBER, rows, values, PARTS)
    assert predictions == pytest.approx(values[TEST], abs=0.02)


@pytest.mark.parametrize(("output", "noise"), [(BINARY, 0.5), (BINARY, 3.0), (THREE, 0.5), (THREE, 3.0)])
def test_logistic_is_scikit_learns_at_the_strength_that_validates_best(output: Output, noise: float) -> None:
    rows = features()
    latent = rows @ np.arange(6.0) + np.random.default_rng(1).normal(0, noise, 120)
    values = np.searchsorted(
        np.quantile(latent, np.arange(1, len(output.classes)) / len(output.classes)), latent
    ).astype(np.float64)
    model = searched(LogisticRegression(max_iter=2000, tol=1e-3), {"C": LOGISTIC_STRENGTHS}, "neg_log_loss", values)
    predictions = reference_predictions(LINEAR, output, rows, values, PARTS)
    assert predictions.shape == (30, output.units)
    expected = model.predict_proba(rows[TEST])
    assert np.exp(log_probabilities(predictions)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_a_line_finds_what_is_linear(output: Output) -> None:
    """The reference must be a real hurdle: a linear target is found from 60 rows."""
    rows = features()
    latent = rows @ np.random.default_rng(1).normal(size=(6, len(output.classes) or 1))
    values = latent[:, 0] if output.kind == "regression" else latent.argmax(axis=1).astype(np.float64)
    scores = score(output, values[TEST], reference_predictions(LINEAR, output, rows, values, PARTS), 1.0)
    if output.kind == "regression":
        assert scores.metrics["r2"] == pytest.approx(1, abs=1e-3)
    else:
        accuracy = scores.metrics["accuracy"]
        assert accuracy is not None
        assert accuracy > 0.75


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_labels_of_test_rows_change_nothing(output: Output, model: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, len(output.classes) or 9, 120).astype(float)
    other = values.copy()
    other[TEST] = rng.permutation(values[TEST])
    predictions, other_predictions = (
        reference_predictions(model, output, features(), v, PARTS) for v in (values, other)
    )
    assert np.array_equal(predictions, other_predictions)


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_rows_without_a_label_are_as_good_as_not_there(output: Output, model: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, len(output.classes) or 9, 120).astype(float)
    missing = np.arange(120) % 4 == 1
    gappy = np.where(missing, np.nan, values)
    predictions = reference_predictions(model, output, features(), gappy, PARTS)
    train, validation = (part[~missing[part]] for part in (TRAIN, VALIDATION))
    labelled = reference_predictions(model, output, features(), values, (train, validation, TEST))
    assert np.array_equal(predictions, labelled)
    assert len(predictions) == len(TEST)


@pytest.mark.parametrize("model", [LINEAR, TREES])
def test_validation_rows_without_any_label_leave_a_prediction(model: str) -> None:
    """A sparsely labelled output: there is nothing to choose the penalty by, but there is something to predict."""
    values = np.random.default_rng(0).normal(size=120)
    values[VALIDATION] = np.nan
    predictions = reference_predictions(model, NUMBER, features(), values, PARTS)
    assert predictions.shape == (30,)
    assert np.isfinite(predictions).all()


def test_a_class_that_training_never_had_is_very_unlikely_and_not_impossible() -> None:
    rows = features()
    values = (rows[:, 0] > 0).astype(np.float64)
    values[[*VALIDATION[:2], *TEST[:2]]] = 2.0
    predictions = reference_predictions(LINEAR, THREE, rows, values, PARTS)
    assert predictions.shape == (30, 3)
    assert np.isfinite(predictions).all()
    assert (predictions[:, 2] < predictions[:, :2].max(axis=1) - 10).all()
    log_loss = score(THREE, values[TEST], predictions, 1.0).metrics["log_loss"]
    assert log_loss is not None
    assert 1 < log_loss < 3


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [BINARY, THREE], ids=lambda output: output.name)
def test_training_rows_of_one_class_leave_a_prediction(output: Output, model: str) -> None:
    """Two positives in a hundred rows, both outside the training part, must not end the run."""
    values = np.zeros(120)
    values[[VALIDATION[0], TEST[0]]] = 1.0
    predictions = reference_predictions(model, output, features(), values, PARTS)
    assert predictions.shape == (30, output.units)
    assert np.isfinite(predictions).all()
    assert score(output, values[TEST], predictions, 1.0).metrics["accuracy"] == pytest.approx(29 / 30)


def test_images_are_read_as_block_means() -> None:
    """2x2 means for the line, 4x4 for the trees: what the docstring promises is what they get."""
    images = np.random.default_rng(0).random((120, 8, 8, 3)).astype(np.float32)
    values = images[:, :2, :2].sum(axis=(1, 2, 3)).astype(np.float64)
    means = images.reshape(120, 4, 2, 4, 2, 3).mean(axis=(2, 4)).reshape(120, -1)
    predictions = reference_predictions(LINEAR, NUMBER, images, values, PARTS)
    assert np.allclose(predictions, reference_predictions(LINEAR, NUMBER, means, values, PARTS))
    coarse = images.reshape(120, 2, 4, 2, 4, 3).mean(axis=(2, 4)).reshape(120, -1)
    trees = reference_predictions(TREES, NUMBER, images, values, PARTS)
    assert np.allclose(trees, reference_predictions(TREES, NUMBER, coarse, values, PARTS))


def test_trees_find_what_no_line_can() -> None:
    """The boosted reference must be a real hurdle too: an interaction that is invisible to the line."""
    rows = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)
    values = np.sign(rows[:, 0] * rows[:, 1]).astype(np.float64)
    parts = np.arange(900), np.arange(900, 1050), np.arange(1050, 1200)
    line, trees = (
        score(NUMBER, values[parts[2]], reference_predictions(model, NUMBER, rows, values, parts), 1.0).metrics["r2"]
        for model in (LINEAR, TREES)
    )
    assert line is not None
    assert trees is not None
    assert line < 0.1
    assert trees > 0.7


def test_a_test_row_far_out_is_sure_but_finite_and_without_a_warning() -> None:
    """Warnings of scikit-learn's insides mean nothing to a user of this."""
    rows = features()
    values = (rows[:, 0] > 0).astype(np.float64)
    rows[TEST[0]] = 1e4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictions = reference_predictions(LINEAR, BINARY, rows, values, PARTS)
    assert np.isfinite(predictions).all()
    assert predictions[0, 0] > 10
