from __future__ import annotations

import numpy as np
import pytest

from jointbench.stats.variance_components import CVDesign, VarianceComponents, estimate_components, simulate_differences

TRUE = VarianceComponents(between=0.01**2, within=0.02**2, folds=5)


def test_setting_counts() -> None:
    assert (CVDesign(10, 3, 4).pairs, CVDesign(10, 3, 4).fits) == (30, 120)


def test_balanced_by_hand() -> None:
    cells = np.array([[1.0, 3.0], [4.0, 8.0], [0.0, 2.0]])  # means 2, 6, 1; variances 2, 8, 2
    components = estimate_components(cells.reshape(1, 3, 2))
    assert components.within == pytest.approx(4.0)
    assert components.between == pytest.approx(7.0 - 4.0 / 2)
    assert components.folds == 3


def test_between_is_never_negative() -> None:
    components = estimate_components(np.array([[[1.0, -1.0], [-2.0, 2.0]]]))
    assert (components.between, components.within) == (0.0, pytest.approx(5.0))


@pytest.mark.parametrize("failed", [0.0, 0.2])
def test_unbiased_also_with_failures(failed: float) -> None:
    generator = np.random.default_rng(0)
    many = simulate_differences(np.zeros(1500), TRUE, CVDesign(5, 3, 4), generator)
    many[generator.random(many.shape) < failed] = np.nan
    estimates = [estimate_components(differences) for differences in many]
    assert np.mean([spread.within or 0.0 for spread in estimates]) == pytest.approx(0.02**2, rel=0.03)
    # cut at 0, the mean is a little high
    assert np.mean([spread.between for spread in estimates]) == pytest.approx(0.01**2, rel=0.1)


def test_one_seed_cannot_tell_them_apart() -> None:
    differences = np.random.default_rng(1).normal(0.0, 0.02, (3, 5, 1))
    components = estimate_components(differences)
    assert components.within is None
    assert components.between == pytest.approx(differences.var(ddof=1))
    assert components.fold_variance(5, 1) == components.between
    with pytest.raises(ValueError, match="two seeds per fold"):
        components.fold_variance(5, 2)


def test_variance_at_another_setting() -> None:
    assert TRUE.fold_variance(5, 4) == pytest.approx(1e-4 + 4e-4 / 4)
    assert TRUE.fold_variance(10, 4) == pytest.approx(2 * (1e-4 + 4e-4 / 4))


def test_simulated_covariances() -> None:
    drawn = simulate_differences(np.full(40_000, 0.03), TRUE, CVDesign(10, 2, 2), np.random.default_rng(2))
    rho = 0.1
    whole = 2 * TRUE.between / (1 - rho)
    pairs = {
        (0, 0, 0): whole + 2 * 0.02**2,
        (0, 0, 1): whole,  # the same fold, another seed
        (0, 1, 0): rho * whole,  # another fold
        (1, 0, 0): rho * whole,  # another repeat
    }
    reference = drawn[:, 0, 0, 0]
    assert drawn.mean() == pytest.approx(0.03, abs=3e-4)
    for cell, expected in pairs.items():
        assert np.cov(reference, drawn[:, *cell])[0, 1] == pytest.approx(expected, abs=3e-5)


def test_folds_of_rows_have_this_spread() -> None:
    """Real repeated K-folds of independent rows: 1/K between repeats, none within one, variance growing as K."""
    generator = np.random.default_rng(3)
    rows, variances = 100, {}
    for folds in (5, 10):
        draws = generator.normal(0.0, 1.0, (20_000, rows))
        order = generator.permutation(rows)  # a second repeat of the same rows
        first, second = (
            draws[:, rows_of].reshape(-1, folds, rows // folds).mean(axis=2) for rows_of in (np.arange(rows), order)
        )
        variances[folds] = first.var()
        across = np.mean([np.corrcoef(first[:, i], second[:, j])[0, 1] for i in range(folds) for j in range(folds)])
        assert across == pytest.approx(1 / folds, abs=0.01)
        assert np.corrcoef(first[:, 0], first[:, 1])[0, 1] == pytest.approx(0.0, abs=0.03)
    assert variances[10] / variances[5] == pytest.approx(VarianceComponents(1.0, 1.0, 5).growth(10), rel=0.02)


@pytest.mark.parametrize(
    ("differences", "says"),
    [
        (np.zeros((2, 5)), "shape"),
        (np.zeros((2, 1, 3)), "at least 2 folds"),
        (np.full((1, 2, 2), np.inf), "finite"),
        (np.array([[[0.1, 0.2], [np.nan, np.nan]]]), "there is 1"),
    ],
)
def test_refuses(differences: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        estimate_components(differences)


def test_simulating_needs_both_parts() -> None:
    with pytest.raises(ValueError, match="spread within folds"):
        simulate_differences(
            np.zeros(2), VarianceComponents(1e-4, None, 5), CVDesign(5, 1, 1), np.random.default_rng(0)
        )
