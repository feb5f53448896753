"""Generated tasks are what they say: as related as the dial says, as noisy as asked, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.data.synthetic import SyntheticConfig, synthetic_dataset
from jointbench.types import FloatArray


def targets(config: SyntheticConfig, seed: int = 0) -> FloatArray:
    dataset = synthetic_dataset("made", config, seed)
    return np.stack([dataset.targets[output.name] for output in dataset.outputs], axis=1)


def rank(values: FloatArray) -> int:
    return int(np.linalg.matrix_rank(values - values.mean(axis=0), tol=1e-6))


def test_the_dial_sets_how_many_features_the_outputs_are_made_of() -> None:
    """Eight outputs of the same two features span two dimensions, of two features each as many as there are outputs."""
    assert rank(targets(SyntheticConfig(400, 8, relatedness=1.0, noise=0.0, pool=2))) == 2
    assert rank(targets(SyntheticConfig(400, 8, relatedness=0.0, noise=0.0, pool=2))) == 8


def test_between_the_ends_the_shared_part_grows() -> None:
    """The share of variance in the first two dimensions, of outputs that share two features."""
    shares = []
    for relatedness in (0.0, 0.5, 1.0):
        singular = (
            np.linalg.svd(targets(SyntheticConfig(2000, 12, relatedness, 0.0, pool=2), seed=3), compute_uv=False) ** 2
        )
        shares.append(singular[:2].sum() / singular.sum())
    assert shares[0] < shares[1] < shares[2] == pytest.approx(1.0)


@pytest.mark.parametrize("noise", [0.1, 0.6])
def test_noise_is_the_share_of_variance_that_nothing_predicts(noise: float) -> None:
    clean, noisy = (targets(SyntheticConfig(20_000, 2, 0.5, share), seed=1) for share in (0.0, noise))
    assert noisy.var(axis=0) == pytest.approx(1.0, abs=0.05)
    for k in range(2):
        assert np.corrcoef(clean[:, k], noisy[:, k])[0, 1] ** 2 == pytest.approx(1.0 - noise, abs=0.02)


def test_no_straight_line_follows_them() -> None:
    dataset = synthetic_dataset("made", SyntheticConfig(4000, 4, 0.0, 0.0, features=4, pool=1), 2)
    inputs = np.column_stack([np.ones(dataset.rows), dataset.features])
    residuals = [
        np.linalg.lstsq(inputs, values, rcond=None)[1][0] / dataset.rows for values in dataset.targets.values()
    ]
    assert min(residuals) > 0.02


def test_the_same_seed_gives_the_same_dataset_and_another_seed_another() -> None:
    config = SyntheticConfig(50, 3, 0.5, 0.2)
    first, again, other = (synthetic_dataset("made", config, seed) for seed in (0, 0, 1))
    assert first.digest == again.digest != other.digest
    assert (first.features == again.features).all(axis=None)
    assert all((first.targets[name] == again.targets[name]).all() for name in first.targets)


@pytest.mark.parametrize("wrong", [{"relatedness": 1.1}, {"noise": 1.0}, {"rows": 0}])
def test_refuses(wrong: dict[str, float]) -> None:
    fields = {"rows": 10, "outputs": 2, "relatedness": 0.5, "noise": 0.1, **wrong}
    with pytest.raises(ValueError, match=r"at least 1|share in"):
        SyntheticConfig(**fields)  # type: ignore[arg-type]  # on purpose
