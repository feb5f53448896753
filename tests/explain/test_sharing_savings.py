"""The sentence on savings follows planted times."""

from __future__ import annotations

import numpy as np

from jointbench.explain.shape_savings import SCENARIOS, TRAINING, ShapeSaving
from jointbench.explain.sharing_savings import answer, trend

GROWING = (-0.05, -0.15, -0.28, -0.45, -0.6)


def planted(log_ratios: tuple[float, ...], noise: float = 0.01) -> list[ShapeSaving]:
    rng = np.random.default_rng(0)
    return [
        ShapeSaving(
            share,
            dict.fromkeys(SCENARIOS, share / 2),
            {scenario: value + noise * rng.normal(size=20) for scenario in SCENARIOS},
        )
        for share, value in zip((0.1, 0.3, 0.5, 0.7, 0.95), log_ratios, strict=True)
    ]


def test_a_saving_that_grows_with_the_share_holds_the_claim() -> None:
    grows = answer(planted(GROWING), 2, "d", "torch").sentence
    assert "The claim holds: " in grows
    assert "grows with the shared part in training and at inference" in grows
    assert "5% at the smallest share and 45% at the largest (rank correlation +1.00" in grows
    assert "5% to 48% of the inference FLOPs" in grows


def test_a_saving_that_falls_does_not() -> None:
    falls = answer(planted(GROWING[::-1]), 2, "d", "torch").sentence
    assert "falls as the shared part grows" in falls
    assert "45% at the smallest share and 5% at the largest (rank correlation -1.00" in falls
    assert "The claim holds: " not in falls


def test_a_saving_lost_in_noise_shows_nothing() -> None:
    flat = answer(planted((-0.3,) * 5, noise=0.2), 2, "d", "torch").sentence
    assert "not shown to follow the shared part" in flat
    assert "The claim holds: " not in flat


def test_a_share_that_ends_in_a_tie_is_no_correlation() -> None:
    flat = trend(planted((-0.3,) * 5, noise=0.0), TRAINING)
    assert flat.rho == 0.0
    assert flat.direction == "unclear"


def test_too_few_shapes_are_a_failure_and_not_a_sentence() -> None:
    failed = answer([], 2, "d", "torch")
    assert failed.failure
    assert not failed.sentence
