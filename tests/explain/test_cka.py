"""Facts about CKA that need no reference implementation, and the estimator against its definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import ortho_group

from jointbench.explain.cka import alignment, gram, unbiased_hsic
from jointbench.types import FloatArray


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def cka(first: FloatArray, second: FloatArray) -> float:
    return alignment(gram(first), gram(second))


def test_a_layer_is_itself_whatever_its_basis(rng: np.random.Generator) -> None:
    """1 for identity, rotation, scale and shift; not for an uneven stretch."""
    x = rng.normal(size=(60, 8))
    turned = 3.7 * x @ ortho_group.rvs(8, random_state=1) + 5
    assert cka(x, x) == pytest.approx(1, abs=1e-12)
    assert cka(x, turned) == pytest.approx(1, abs=1e-9)
    assert cka(x, x * np.array([9, 1, 1, 1, 1, 1, 1, 1])) < 0.9


def test_unrelated_layers_are_near_zero_even_with_more_units_than_rows(rng: np.random.Generator) -> None:
    """The biased estimator gives 0.9 here; the unbiased one is 0 on average."""
    values = [cka(rng.normal(size=(30, 200)), rng.normal(size=(30, 200))) for _ in range(40)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(40)
    x, y = (gram_with_diagonal(rng.normal(size=(30, 200))) for _ in range(2))
    assert (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()) > 0.8


def gram_with_diagonal(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=0)
    return centred @ centred.T


def test_the_estimator_is_its_definition(rng: np.random.Generator) -> None:
    """HSIC as the U-statistic over all ordered quadruples of rows (Gretton et al. 2007), by brute force."""
    k, m = (gram(rng.normal(size=(7, 3))) for _ in range(2))
    quadruples = itertools.permutations(range(7), 4)
    criteria = [k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]) for i, j, q, r in quadruples]
    assert unbiased_hsic(k, m) == pytest.approx(np.mean(criteria), rel=1e-10)


def test_half_of_a_representation(rng: np.random.Generator) -> None:
    """[u v] against u, independent and of one distribution: HSIC is that of u with itself, so CKA is 1 / sqrt(2)."""
    u, v = rng.normal(size=(2, 1500, 4))
    assert cka(np.hstack([u, v]), u) == pytest.approx(1 / np.sqrt(2), abs=0.02)


def test_a_constant_layer_has_no_alignment(rng: np.random.Generator) -> None:
    assert np.isnan(cka(np.ones((20, 4)), rng.normal(size=(20, 4))))
    with pytest.raises(ValueError, match="4 rows"):
        alignment(np.zeros((3, 3)), np.zeros((3, 3)))
