"""Reference rows: what a straight line makes of the same folds, held to scikit-learn's own search."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from jointbench.metrics.quality import log_probabilities, score
from jointbench.metrics.reference_models import (
    LINEAR,
    LOGISTIC_STRENGTHS,
    RIDGE_PENALTIES,
    TREES,
    reference_predictions,
)
from jointbench.types import Output

Floats = npt.NDArray[np.float64]
NUMBER = Output("number", "regression")
BINARY = Output("binary", "binary", ("n", "y"))
THREE = Output("three", "multiclass", ("p", "q", "r"))
TRAIN, VALIDATION, TEST = np.arange(0, 60), np.arange(60, 90), np.arange(90, 120)


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
    got = reference_predictions(LINEAR, NUMBER, rows, values, TRAIN, VALIDATION, TEST)
    assert got.dtype == np.float64
    assert got == pytest.approx(model.predict(rows[TEST]), rel=1e-5, abs=1e-5)


def test_collinear_columns_are_no_news_to_the_user() -> None:
    """scikit-learn warns of the smallest penalty, which the validation rows pass over; a warning fails this test."""
    rows = np.repeat(1e4 * features(1), 8, axis=1)
    values = rows[:, 0] / 1e4
    got = reference_predictions(LINEAR, NUMBER, rows, values, TRAIN, VALIDATION, TEST)
    assert got == pytest.approx(values[TEST], abs=0.02)


@pytest.mark.parametrize(("output", "noise"), [(BINARY, 0.5), (BINARY, 3.0), (THREE, 0.5), (THREE, 3.0)])
def test_logistic_is_scikit_learns_at_the_strength_that_validates_best(output: Output, noise: float) -> None:
    rows = features()
    latent = rows @ np.arange(6.0) + np.random.default_rng(1).normal(0, noise, 120)
    values = np.searchsorted(
        np.quantile(latent, np.arange(1, len(output.classes)) / len(output.classes)), latent
    ).astype(np.float64)
    model = searched(LogisticRegression(max_iter=2000, tol=1e-3), {"C": LOGISTIC_STRENGTHS}, "neg_log_loss", values)
    got = reference_predictions(LINEAR, output, rows, values, TRAIN, VALIDATION, TEST)
    assert got.shape == (30, output.units)
    expected = model.predict_proba(rows[TEST])
    assert np.exp(log_probabilities(got)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_a_line_finds_what_is_linear(output: Output) -> None:
    """The reference must be a real hurdle: a linear target is found from 60 rows."""
    rows = features()
    latent = rows @ np.random.default_rng(1).normal(size=(6, len(output.classes) or 1))
    values = latent[:, 0] if output.kind == "regression" else latent.argmax(axis=1).astype(np.float64)
    got = score(output, values[TEST], reference_predictions(LINEAR, output, rows, values, TRAIN, VALIDATION, TEST), 1.0)
    if output.kind == "regression":
        assert got.metrics["r2"] == pytest.approx(1, abs=1e-3)
    else:
        accuracy = got.metrics["accuracy"]
        assert accuracy is not None
        assert accuracy > 0.75


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_labels_of_test_rows_change_nothing(output: Output, model: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, len(output.classes) or 9, 120).astype(float)
    other = values.copy()
    other[TEST] = rng.permutation(values[TEST])
    one, two = (reference_predictions(model, output, features(), v, TRAIN, VALIDATION, TEST) for v in (values, other))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_rows_without_a_label_are_as_good_as_not_there(output: Output, model: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, len(output.classes) or 9, 120).astype(float)
    missing = np.arange(120) % 4 == 1
    gappy = np.where(missing, np.nan, values)
    got = reference_predictions(model, output, features(), gappy, TRAIN, VALIDATION, TEST)
    train, validation = (part[~missing[part]] for part in (TRAIN, VALIDATION))
    assert np.array_equal(got, reference_predictions(model, output, features(), values, train, validation, TEST))
    assert len(got) == len(TEST)


@pytest.mark.parametrize("model", [LINEAR, TREES])
def test_validation_rows_without_any_label_leave_a_prediction(model: str) -> None:
    """A sparsely labelled output: there is nothing to choose the penalty by, but there is something to predict."""
    values = np.random.default_rng(0).normal(size=120)
    values[VALIDATION] = np.nan
    got = reference_predictions(model, NUMBER, features(), values, TRAIN, VALIDATION, TEST)
    assert got.shape == (30,)
    assert np.isfinite(got).all()


def test_a_class_that_training_never_had_is_very_unlikely_and_not_impossible() -> None:
    rows = features()
    values = (rows[:, 0] > 0).astype(np.float64)
    values[[*VALIDATION[:2], *TEST[:2]]] = 2.0
    got = reference_predictions(LINEAR, THREE, rows, values, TRAIN, VALIDATION, TEST)
    assert got.shape == (30, 3)
    assert np.isfinite(got).all()
    assert (got[:, 2] < got[:, :2].max(axis=1) - 10).all()
    assert 1 < score(THREE, values[TEST], got, 1.0).error < 3


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", [BINARY, THREE], ids=lambda output: output.name)
def test_training_rows_of_one_class_leave_a_prediction(output: Output, model: str) -> None:
    """Two positives in a hundred rows, both outside the training part: a sentence in a table, not the end of the run."""
    values = np.zeros(120)
    values[[VALIDATION[0], TEST[0]]] = 1.0
    got = reference_predictions(model, output, features(), values, TRAIN, VALIDATION, TEST)
    assert got.shape == (30, output.units)
    assert np.isfinite(got).all()
    assert score(output, values[TEST], got, 1.0).metrics["accuracy"] == pytest.approx(29 / 30)


def test_images_are_read_as_block_means() -> None:
    """2x2 means for the line, 4x4 for the trees: what the docstring promises is what they get."""
    images = np.random.default_rng(0).random((120, 8, 8, 3)).astype(np.float32)
    values = images[:, :2, :2].sum(axis=(1, 2, 3)).astype(np.float64)
    means = images.reshape(120, 4, 2, 4, 2, 3).mean(axis=(2, 4)).reshape(120, -1)
    got = reference_predictions(LINEAR, NUMBER, images, values, TRAIN, VALIDATION, TEST)
    assert np.allclose(got, reference_predictions(LINEAR, NUMBER, means, values, TRAIN, VALIDATION, TEST))
    coarse = images.reshape(120, 2, 4, 2, 4, 3).mean(axis=(2, 4)).reshape(120, -1)
    trees = reference_predictions(TREES, NUMBER, images, values, TRAIN, VALIDATION, TEST)
    assert np.allclose(trees, reference_predictions(TREES, NUMBER, coarse, values, TRAIN, VALIDATION, TEST))


def test_trees_find_what_no_line_can() -> None:
    """The boosted reference must be a real hurdle too: an interaction that is invisible to the line."""
    rows = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)
    values = np.sign(rows[:, 0] * rows[:, 1]).astype(np.float64)
    parts = np.arange(900), np.arange(900, 1050), np.arange(1050, 1200)
    line, trees = (
        score(NUMBER, values[parts[2]], reference_predictions(model, NUMBER, rows, values, *parts), 1.0).metrics["r2"]
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
        got = reference_predictions(LINEAR, BINARY, rows, values, TRAIN, VALIDATION, TEST)
    assert np.isfinite(got).all()
    assert got[0, 0] > 10
