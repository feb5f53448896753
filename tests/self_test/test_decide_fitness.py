"""Planted figures: what the self-test concludes, and with which exit code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.self_test.decide import (
    AAPairs,
    FlopCounts,
    KnownRatio,
    Measurements,
    StoredAnswerCheck,
    decide,
    half_width,
    total,
)
from jointbench.stats.estimate import Estimate


def estimate(value: float, half: float) -> Estimate:
    return Estimate(value, value * np.exp(-half), value * np.exp(half))


def pairs(values: list[float], half: float) -> AAPairs:
    return AAPairs("torch, training step", tuple(estimate(value, half) for value in values))


QUIET = [1.01, 0.99] * 9 + [1.06, 1 / 1.06]  # 18 of 20 hold 1 at a half-width of 2 %
GOOD = Measurements(
    (pairs(QUIET, 0.02),),
    (KnownRatio("torch, a tenth more steps", estimate(1.09, 0.02)),),
    (StoredAnswerCheck("torch", True, True),),
    (FlopCounts("torch", 8, 0),),
)


def test_a_quiet_machine_is_fit() -> None:
    decision = decide(GOOD)
    assert decision.exit_code == 0
    assert {check.result for check in decision.checks} == {"passed"}
    assert "18 of 20" in decision.checks[0].figure
    assert "median half-width 2.0%" in decision.checks[0].figure


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"pairs": (pairs(QUIET, 0.05),)}, "median half-width 5.0%"),  # wide
        ({"pairs": (pairs([1.05, 0.95] * 10, 0.02),)}, "0 of 20"),  # now above, now below
        ({"pairs": (AAPairs("torch, training step", ()),)}, "0 of the pairs"),
        ({"pairs": (pairs([1.0] * 3, 0.02),)}, "3 of the pairs"),
        ({"known_ratios": (KnownRatio("steps", estimate(1.2, 0.15)),)}, "1.200"),  # the truth is within a wide interval
        ({"known_ratios": (KnownRatio("steps", estimate(1.15, 0.03)),)}, "1.150"),  # too wide to say
        ({"known_ratios": (KnownRatio("steps", estimate(1.1, 0.5)),)}, "1.100"),  # right by luck
        ({"known_ratios": (KnownRatio("steps", None),)}, "too slow"),
    ],
)
def test_a_noisy_machine_is_not_fit_and_the_figure_says_how_noisy(change: dict[str, object], names: str) -> None:
    decision = decide(replace(GOOD, **change))  # type: ignore[arg-type]  # fields of Measurements
    assert decision.exit_code == 3
    assert names in decision.sentence
    assert "Too noisy" in decision.sentence


@pytest.mark.parametrize(
    "change",
    [
        {"pairs": (pairs([1.05, 1.06] * 10, 0.02),)},  # the same side every time, though first and second swap
        {"known_ratios": (KnownRatio("steps", estimate(1.0, 0.01)),)},  # sure, and wrong
        {"known_ratios": (KnownRatio("steps", estimate(1.16, 0.01)),)},
        {"stored_answers": (StoredAnswerCheck("torch", True, False),)},
        {"stored_answers": (StoredAnswerCheck("torch", False, True),)},
        {"flops": (FlopCounts("torch", 8, 1),)},
        {"flops": (FlopCounts("torch", 0, 0),)},
        {"failures": (("tensorflow, training", "RuntimeError: no"),)},
    ],
)
def test_wrong_measuring_code_is_told_from_noise(change: dict[str, object]) -> None:
    noisy = replace(GOOD, pairs=(pairs(QUIET, 0.05),))
    for base in (GOOD, noisy):  # wrong outweighs noisy
        decision = decide(replace(base, **change))  # type: ignore[arg-type]  # fields of Measurements
        assert decision.exit_code == 1
        assert "do not trust" in decision.sentence


def test_the_thresholds_are_the_stated_ones() -> None:
    """17 of 20 is enough, 16 is not; a truth off by 0.03 is recovered, by 0.04 not."""
    far = [1.06, 1 / 1.06]
    assert decide(replace(GOOD, pairs=(pairs([1.0] * 17 + [far[0], far[1], far[0]], 0.02),))).exit_code == 0
    assert decide(replace(GOOD, pairs=(pairs([1.0] * 16 + far * 2, 0.02),))).exit_code == 3
    assert decide(replace(GOOD, known_ratios=(KnownRatio("t", estimate(1.129, 0.005)),))).exit_code == 0
    assert decide(replace(GOOD, known_ratios=(KnownRatio("t", estimate(1.14, 0.005)),))).exit_code == 1


def test_without_a_backend_nothing_was_tested() -> None:
    decision = decide(Measurements(known_ratios=(KnownRatio("a tenth more sleep", estimate(1.1, 0.001)),)))
    assert decision.exit_code == 4
    assert "no backend" in decision.sentence


def test_a_backend_that_broke_before_its_first_pair_is_a_failure() -> None:
    assert decide(Measurements(failures=(("torch, starting", "OSError: no memory"),))).exit_code == 1


def test_half_width_is_in_logarithms() -> None:
    assert half_width(estimate(1.3, 0.03)) == pytest.approx(0.03)


def test_figures_of_backends_add_up() -> None:
    both = total([GOOD, replace(GOOD, flops=(FlopCounts("tensorflow", 8, 0),))])
    assert [counts.name for counts in both.flops] == ["torch", "tensorflow"]
    assert len(both.pairs) == 2
