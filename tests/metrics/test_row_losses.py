"""The losses of single rows: their means are scikit-learn's, and no constant beats the no-skill predictor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn import metrics

from jointbench.errors import BadInput
from jointbench.metrics.metric_names import check_metric
from jointbench.metrics.row_losses import no_skill_row_losses, row_losses
from jointbench.types import FloatArray, Kind, Output

CLASSES = ("a", "b", "c")


def regression(metric: str) -> Output:
    return Output("price", "regression", metric=metric)


def classes(metric: str, count: int) -> Output:
    return Output("phase", "binary" if count == 2 else "multiclass", CLASSES[:count], metric=metric)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("squared", metrics.mean_squared_error),
        ("absolute", metrics.mean_absolute_error),
        ("pinball:0.5", lambda y, p: metrics.mean_absolute_error(y, p) / 2),
        ("pinball:0.9", lambda y, p: metrics.mean_pinball_loss(y, p, alpha=0.9)),
        ("pinball:0.05", lambda y, p: metrics.mean_pinball_loss(y, p, alpha=0.05)),
    ],
)
def test_losses_of_values_average_to_scikit_learns(
    metric: str, expected: Callable[[FloatArray, FloatArray], float]
) -> None:
    rng = np.random.default_rng(0)
    observed, predicted = rng.normal(3, 5, (2, 200))
    losses = row_losses(metric, observed, predicted)
    assert losses.shape == (200,)
    assert (losses >= 0).all()
    assert losses.mean() == pytest.approx(expected(observed, predicted), rel=1e-12)


@pytest.mark.parametrize("count", [2, 3])
def test_losses_of_classes_average_to_scikit_learns(count: int) -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, count, 300)
    logits = rng.normal(0, 2, (300, 1 if count == 2 else count))
    whole = np.hstack([np.zeros((300, 1)), logits]) if count == 2 else logits
    shares = np.exp(whole) / np.exp(whole).sum(axis=1, keepdims=True)
    means = {metric: row_losses(metric, codes.astype(float), logits).mean() for metric in ("brier", "log", "zero-one")}
    assert means["brier"] == pytest.approx(metrics.brier_score_loss(codes, shares, scale_by_half=False), rel=1e-12)
    assert means["log"] == pytest.approx(metrics.log_loss(codes, shares), rel=1e-12)
    assert means["zero-one"] == pytest.approx(metrics.zero_one_loss(codes, shares.argmax(axis=1)), rel=1e-12)


@pytest.mark.parametrize("metric", ["squared", "absolute", "pinball:0.9", "pinball:0.2"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_no_skill_value_is_the_constant_with_the_least_loss_on_the_training_rows(
    metric: str, weighted: bool
) -> None:
    rng = np.random.default_rng(2)
    train = rng.gamma(2.0, 3.0, 83)
    weights = rng.uniform(0.1, 5.0, 83) if weighted else None

    def loss(constant: float) -> float:
        return float(np.average(row_losses(metric, train, np.full(83, constant)), weights=weights))

    no_skill = np.average(no_skill_row_losses(regression(metric), train, train, weights), weights=weights)
    grid = min(map(loss, [*train, *np.linspace(train.min(), train.max(), 2000)]))
    best = min(grid, minimize_scalar(loss, bounds=(train.min(), train.max()), method="bounded").fun)
    assert no_skill == pytest.approx(best, rel=1e-3)
    assert no_skill >= best - 1e-12


@pytest.mark.parametrize("metric", ["brier", "log", "zero-one"])
@pytest.mark.parametrize("count", [2, 3])
def test_no_constant_answer_to_classes_beats_the_no_skill_one(metric: str, count: int) -> None:
    """On many training rows, where the pseudo-count of a class is nothing."""
    rng = np.random.default_rng(3)
    train = rng.choice(count, 3000, p=(0.7, 0.3) if count == 2 else (0.2, 0.3, 0.5)).astype(float)
    no_skill = no_skill_row_losses(classes(metric, count), train, train).mean()
    for _ in range(200):
        logits = np.tile(rng.normal(0, 2, 1 if count == 2 else count), (3000, 1))
        assert row_losses(metric, train, logits).mean() >= no_skill - 1e-6


def test_the_no_skill_losses_are_of_the_rows_asked_for() -> None:
    train, test = np.array([0.0, 1.0, 5.0]), np.array([2.0, 4.0])
    assert no_skill_row_losses(regression("squared"), train, test).tolist() == [0.0, 4.0]
    assert no_skill_row_losses(regression("absolute"), train, test).tolist() == [1.0, 3.0]
    assert no_skill_row_losses(classes("zero-one", 2), np.array([0.0, 1, 1]), np.array([0.0, 1])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("metric", "kind", "names"),
    [
        ("brier", "regression", "'price' is regression, whose metrics are squared, absolute, pinball:Q"),
        ("squared", "binary", "'price' is binary, whose metrics are brier, log, zero-one"),
        ("pinball:0.5", "multiclass", "whose metrics are brier, log, zero-one"),
        ("pinball:0", "regression", "Q a quantile between 0 and 1"),
        ("pinball:1", "regression", "Q a quantile between 0 and 1"),
        ("pinball:nan", "regression", "Q a quantile between 0 and 1"),
        ("pinball:", "regression", "Q a quantile between 0 and 1"),
        ("pinball:Q", "regression", "--metric pinball:Q"),
        ("rmse", "regression", "--metric rmse"),
    ],
)
def test_a_metric_of_another_kind_is_one_sentence(metric: str, kind: Kind, names: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_metric(Output("price", kind, () if kind == "regression" else CLASSES, metric=metric))
    assert names in str(refused.value)


@pytest.mark.parametrize("metric", ["", "squared", "absolute", "pinball:0.25"])
def test_metrics_of_numbers_are_taken(metric: str) -> None:
    check_metric(regression(metric))


@pytest.mark.parametrize("metric", ["", "brier", "log", "zero-one"])
def test_metrics_of_classes_are_taken(metric: str) -> None:
    check_metric(classes(metric, 2))
    check_metric(classes(metric, 3))
