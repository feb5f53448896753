from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jointbench.compare.aggregate_error import aggregate_error


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
    got = aggregate_error([[1.0], [3.0], [0.0], [10.0]], [[2.0], [3.0], [5.0], [5.0]], [[2.0]] * 4, [0, 0, 1, 1])
    first, second = np.sqrt(1 / 2), np.sqrt(50 / 68)
    assert got.fold_mean == pytest.approx(((first + second) / 2,))
    assert got.pooled == pytest.approx((np.sqrt(51 / 70),))
    assert got.folds_left_out == (0,)


def test_definition_over_outputs() -> None:
    data = example()
    got = aggregate_error(**data)
    error = (data["observed"] - data["predicted"]) ** 2
    no_skill = (data["observed"] - data["training_mean"]) ** 2
    of_folds = np.sqrt(error.reshape(3, 4, 2).sum(axis=1) / no_skill.reshape(3, 4, 2).sum(axis=1))
    pooled = np.sqrt(error.sum(axis=0) / no_skill.sum(axis=0))
    np.testing.assert_allclose(got.fold_mean, of_folds.mean(axis=0))
    np.testing.assert_allclose(got.pooled, pooled)
    assert got.average_fold_mean == pytest.approx(of_folds.mean())
    assert got.average_pooled == pytest.approx(pooled.mean())
    assert got.average_fold_mean != pytest.approx(got.average_pooled, rel=1e-3)


def test_perfect_and_no_skill() -> None:
    data = example()
    assert aggregate_error(**{**data, "predicted": data["observed"]}).average_pooled == 0.0
    no_better = aggregate_error(**{**data, "predicted": data["training_mean"]})
    assert (no_better.average_fold_mean, no_better.average_pooled) == pytest.approx((1.0, 1.0))


def test_weight_zero_is_a_missing_row() -> None:
    data = example()
    weights = np.ones(12)
    weights[5] = 0.0
    data["observed"][5] = np.nan
    kept = np.arange(12) != 5
    assert aggregate_error(**data, weights=weights) == aggregate_error(**{name: a[kept] for name, a in data.items()})


def test_weights_by_output_and_by_row_agree() -> None:
    data = example()
    weights = np.random.default_rng(1).integers(1, 4, 12).astype(float)
    by_row = aggregate_error(**data, weights=weights)
    assert by_row == aggregate_error(**data, weights=np.repeat(weights[:, None], 2, axis=1))
    repeated = {name: np.repeat(array, weights.astype(int), axis=0) for name, array in data.items()}
    expected = aggregate_error(**repeated)
    np.testing.assert_allclose(by_row.fold_mean + by_row.pooled, expected.fold_mean + expected.pooled)


def test_a_fold_without_labels_is_counted() -> None:
    data = example()
    weights = np.ones((12, 2))
    weights[4:8, 1] = 0.0
    got = aggregate_error(**data, weights=weights)
    assert got.folds_left_out == (0, 1)
    rest = aggregate_error(**{name: array[[0, 1, 2, 3, 8, 9, 10, 11]] for name, array in data.items()})
    assert got.fold_mean[1] == pytest.approx(rest.fold_mean[1])
    assert got.pooled[1] == pytest.approx(rest.pooled[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"predicted": np.zeros((12, 3))}, "one shape"),
        ({"folds": np.zeros(3, int)}, "one fold label"),
        ({"weights": -np.ones(12)}, "0 or above"),
        ({"weights": np.zeros(12)}, "undefined"),
        ({"predicted": np.full((12, 2), np.nan)}, "lacks"),
    ],
)
def test_refuses(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        aggregate_error(**{**example(), **change})
