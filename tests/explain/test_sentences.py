"""Sentences on probes, losses, transfer, pasted code and savings say the opposite when the planted numbers do."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.explain import equivalent_code, probes, regression_losses, sharing_savings, transfer
from jointbench.explain.representations import Likeness

FOLDS = 5


def by_fold(mean: float, noise: float = 0.002) -> dict[int, float]:
    return {fold: mean + noise * (fold - 2) for fold in range(FOLDS)}


def probed(other: float, own: float, untrained: float) -> probes.Measured:
    noises = {"a": 0.002, "b": 0.003, probes.UNTRAINED: 0.001}
    skills = {
        (trunk, output): by_fold(untrained if trunk == probes.UNTRAINED else own if trunk == output else other, noise)
        for trunk, noise in noises.items()
        for output in ("a", "b")
    }
    return probes.Measured(("a", "b"), FOLDS, skills)


@pytest.mark.parametrize(
    ("other", "own", "untrained", "said"),
    [
        (
            0.6,
            0.8,
            0.4,
            "another output's trunk carries 50%. Another output's trunk is credibly better than an untrained one in 2 of 2 pairs and credibly worse in 0",
        ),
        (
            0.2,
            0.8,
            0.4,
            "another output's trunk carries nothing. Another output's trunk is credibly better than an untrained one in 0 of 2 pairs and credibly worse in 2",
        ),
        (0.4, 0.4, 0.4, "training the trunk adds nothing that a linear head could use"),
    ],
)
def test_probes(other: float, own: float, untrained: float, said: str) -> None:
    answer = probes.probe_answer("d", "torch", probed(other, own, untrained))
    assert said in answer.sentence
    assert f"reaches a mean skill of {other:.3f}" in answer.sentence


def compared(difference: float, mae: tuple[float, float, float]) -> regression_losses.Measured:
    names = ("MSE and MAE", "MSE and Huber", "MAE and Huber")
    within = np.full((FOLDS, 1), 0.8)
    likeness = tuple(
        Likeness(name, within + change + 0.002 * np.arange(FOLDS)[:, None], within)
        for name, change in zip(names, (difference, 0.0, 0.0), strict=True)
    )
    errors = {
        loss: regression_losses.Errors(1.0 + i, value)
        for i, (loss, value) in enumerate(zip(regression_losses.LOSSES, mae, strict=True))
    }
    return regression_losses.Measured("y", FOLDS, likeness, errors)


def test_losses() -> None:
    alike = regression_losses.losses_answer("d", "torch", compared(-0.01, (0.7, 0.5, 0.6)))
    assert (
        "even the two losses least alike, MSE and MAE, make representations as close as two seeds of one loss do"
        in alike.sentence
    )
    assert "the least mean absolute error is MAE's (0.500 sd), the least RMSE MSE's (1.000 sd)" in alike.sentence
    apart = regression_losses.losses_answer("d", "torch", compared(-0.4, (0.5, 0.7, 0.6)))
    assert (
        "the two losses least alike, MSE and MAE, make representations further apart than two seeds of one loss do"
        in apart.sentence
    )
    assert "even" not in apart.sentence
    assert "the least mean absolute error is MSE's" in apart.sentence


def transferred(frozen: float, tuned: float, after: float, one_pass: float = 1e-7) -> transfer.Measured:
    ways = {
        transfer.SCRATCH: transfer.Way(by_fold(0.5, 0.001), 1e9),
        transfer.FROZEN: transfer.Way(by_fold(frozen, 0.002), 0.4e9),
        transfer.TUNED: transfer.Way(by_fold(tuned, 0.0015), 0.9e9),
    }
    return transfer.Measured(
        (
            transfer.Pair(
                source="a",
                target="b",
                ways=ways,
                shared_inference=0.52,
                one_pass=one_pass,
                source_before=by_fold(0.5),
                source_after=by_fold(after),
            ),
        ),
        FOLDS,
    )


def test_transfer() -> None:
    bad = transfer.transfer_answer("d", "torch", transferred(0.3, 0.5, -2.0))
    assert "frozen trunk reaches a mean skill of 0.300 against 0.500 from scratch (-0.200" in bad.sentence
    assert ": worse with probability 1.00), for 40% of the training FLOPs" in bad.sentence
    assert ": as good with probability 1.00), for 90%" in bad.sentence
    assert "runs once for both outputs, with the same answers, for 52% of the FLOPs of two networks" in bad.sentence
    assert (
        "fine-tuning saves nothing there: on the trunk it leaves, the first output falls from 0.500 to -2.000"
        in bad.sentence
    )
    good = transfer.transfer_answer("d", "torch", transferred(0.6, 0.4, 0.5))
    assert ": better with probability 1.00), for 40%" in good.sentence
    assert ": worse with probability 1.00), for 90%" in good.sentence
    assert "still serves the first output (0.500 before, 0.500 after), so it could be shared too" in good.sentence
    broken = transfer.transfer_answer("d", "torch", transferred(0.6, 0.4, 0.5, one_pass=0.3))
    assert "changes the answers by up to 3.0e-01: it cannot be shared" in broken.sentence


def pasted(gradients: float, losses: float) -> equivalent_code.Measured:
    same = equivalent_code.Difference(1e-16, 1e-16)
    differences = {
        (pattern, precision): equivalent_code.Difference(gradients, losses)
        if (pattern, precision) == ("sliced", "float64")
        else same
        for pattern in ("sliced", "hand-written")
        for precision in equivalent_code.PRECISIONS
    }
    return equivalent_code.Measured(("a", "b"), ("regression", "binary"), 1234, differences)  # type: ignore[arg-type]  # its values


def test_pasted_code() -> None:
    same = equivalent_code.pasted_answer("d", "torch", pasted(2e-16, 3e-15)).sentence
    assert same.count("are the same model") == 2
    assert "1,234 weights differ by at most 2e-16" in same
    for gradients, losses in ((1e-3, 1e-16), (1e-16, 1e-3)):
        other = equivalent_code.pasted_answer("d", "torch", pasted(gradients, losses)).sentence
        assert "layer for each output are NOT the same model" in other
        assert other.count("are the same model") == 1


def saved(log_ratios: tuple[float, ...], noise: float = 0.01) -> list[sharing_savings.ShapeSaving]:
    rng = np.random.default_rng(0)
    return [
        sharing_savings.ShapeSaving(
            share,
            dict.fromkeys(sharing_savings.SCENARIOS, share / 2),
            {scenario: value + noise * rng.normal(size=20) for scenario in sharing_savings.SCENARIOS},
        )
        for share, value in zip((0.1, 0.3, 0.5, 0.7, 0.95), log_ratios, strict=True)
    ]


def test_saving() -> None:
    grows = sharing_savings.saving_answer("d", "torch", 2, saved((-0.05, -0.15, -0.28, -0.45, -0.6)))
    assert (
        "The claim holds: the saving in seconds grows with the shared part in training and at inference."
        in grows.sentence
    )
    assert "saves 5% at the smallest share and 45% at the largest (rank correlation +1.00" in grows.sentence
    assert "sharing saves 5% to 48% of the inference FLOPs" in grows.sentence
    falls = sharing_savings.saving_answer("d", "torch", 2, saved((-0.6, -0.45, -0.28, -0.15, -0.05)))
    assert "it falls as the shared part grows" in falls.sentence
    assert "The claim holds: " not in falls.sentence
    flat = sharing_savings.saving_answer("d", "torch", 2, saved((-0.3,) * 5, noise=0.2))
    assert "it is not shown to follow the shared part" in flat.sentence


def test_a_share_that_ends_in_a_tie_is_no_correlation() -> None:
    found = sharing_savings.trend(saved((-0.3,) * 5, noise=0.0), sharing_savings.TRAINING)
    assert found.rho == 0.0
    assert sharing_savings.follows(found) == "unclear"


def test_nothing_measured_is_a_failure_and_not_a_sentence() -> None:
    answers = (
        probes.probe_answer("d", "torch", probes.Measured(("a", "b"), FOLDS, {})),
        transfer.transfer_answer("d", "torch", transfer.Measured((), FOLDS)),
        sharing_savings.saving_answer("d", "torch", 2, []),
    )
    assert all(answer.failure and not answer.sentence for answer in answers)
