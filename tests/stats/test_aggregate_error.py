from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jointbench.stats.aggregate_error import AggregateError, aggregate_error


def from_predictions(
    observed: Any, predicted: Any, training_mean: Any, folds: Any, weights: Any = None
) -> AggregateError:
    """The errors of every fold as a fit's scores have them, from predictions (rows, outputs)."""
    y = np.asarray(observed, dtype=float)
    w = np.ones_like(y) if weights is None else np.broadcast_to(np.reshape(weights, (len(y), -1)), y.shape)
    rows = np.stack([w[folds == fold].sum(axis=0) for fold in np.unique(folds)])

    def error(reference: Any) -> Any:
        squares = np.where(w > 0, w * (y - reference) ** 2, 0.0)
        sums = np.stack([squares[folds == fold].sum(axis=0) for fold in np.unique(folds)])
        return np.divide(sums, rows, out=np.full_like(sums, np.nan), where=rows > 0)

    return aggregate_error(error(np.asarray(predicted)), error(np.asarray(training_mean)), rows)


def example() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    observed = generator.normal(3.0, 2.0, (12, 2))
    return {
        "observed": observed,
        "predicted": observed + generator.normal(0.0, 0.5, (12, 2)),
        "training_mean": np.repeat(generator.normal(3.0, 0.1, (3, 2)), 4, axis=0),
        "folds": np.repeat([0, 1, 2], 4),
    }


def test_by_hand() -> None:
    errors = from_predictions(
        [[1.0], [3.0], [0.0], [10.0]], [[2.0], [3.0], [5.0], [5.0]], [[2.0]] * 4, np.array([0, 0, 1, 1])
    )
    first, second = np.sqrt(1 / 2), np.sqrt(50 / 68)
    assert errors.fold_mean == pytest.approx(((first + second) / 2,))
    assert errors.pooled == pytest.approx((np.sqrt(51 / 70),))
    assert errors.folds_left_out == (0,)


def test_definition_over_outputs() -> None:
    data = example()
    errors = from_predictions(**data)
    error = (data["observed"] - data["predicted"]) ** 2
    no_skill = (data["observed"] - data["training_mean"]) ** 2
    of_folds = np.sqrt(error.reshape(3, 4, 2).sum(axis=1) / no_skill.reshape(3, 4, 2).sum(axis=1))
    pooled = np.sqrt(error.sum(axis=0) / no_skill.sum(axis=0))
    np.testing.assert_allclose(errors.fold_mean, of_folds.mean(axis=0))
    np.testing.assert_allclose(errors.pooled, pooled)
    assert errors.average_fold_mean == pytest.approx(of_folds.mean())
    assert errors.average_pooled == pytest.approx(pooled.mean())
    assert errors.average_fold_mean != pytest.approx(errors.average_pooled, rel=1e-3)


def test_perfect_and_no_skill() -> None:
    data = example()
    assert from_predictions(**{**data, "predicted": data["observed"]}).average_pooled == 0.0
    no_better = from_predictions(**{**data, "predicted": data["training_mean"]})
    assert (no_better.average_fold_mean, no_better.average_pooled) == pytest.approx((1.0, 1.0))


def test_weight_zero_is_a_missing_row() -> None:
    data = example()
    weights = np.ones(12)
    weights[5] = 0.0
    data["observed"][5] = np.nan
    labelled = np.arange(12) != 5
    assert from_predictions(**data, weights=weights) == from_predictions(
        **{name: a[labelled] for name, a in data.items()}
    )


def test_a_fold_without_labels_is_counted() -> None:
    data = example()
    weights = np.ones((12, 2))
    weights[4:8, 1] = 0.0
    errors = from_predictions(**data, weights=weights)
    assert errors.folds_left_out == (0, 1)
    rest = from_predictions(**{name: array[[0, 1, 2, 3, 8, 9, 10, 11]] for name, array in data.items()})
    assert errors.fold_mean[1] == pytest.approx(rest.fold_mean[1])
    assert errors.pooled[1] == pytest.approx(rest.pooled[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"error": np.ones((3, 3))}, "one shape"),
        ({"rows": np.ones(2)}, "one shape"),
        ({"error": -np.ones((3, 2))}, "negative"),
        ({"error": np.full((3, 2), np.nan)}, "lacks"),
        ({"rows": np.zeros((3, 2))}, "undefined"),
        ({"no_skill": np.zeros((3, 2))}, "undefined"),
    ],
)
def test_refuses(change: dict[str, Any], says: str) -> None:
    good = {"error": np.ones((3, 2)), "no_skill": np.full((3, 2), 2.0), "rows": np.full((3, 2), 4.0)}
    with pytest.raises(ValueError, match=says):
        aggregate_error(**{**good, **change})
