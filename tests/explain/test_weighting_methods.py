"""Methods beside fixed weights: a sentence that follows planted skills and costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.explain.weighting_methods import MethodComparison, MethodSkill, answer
from jointbench.explain.weighting_trial import MethodResult, StepTimeRatio, WeightingTrial
from jointbench.types import FloatArray

NOISE = np.array([-0.002, 0.0, 0.002])


def _method(name: str, gain: float, flops: float = 1.0, seconds: float = 1.0) -> MethodResult:
    ratio = StepTimeRatio(seconds, seconds * 0.9, seconds * 1.1)
    return MethodResult(name, 0.5 + gain + NOISE[::-1], flops, 1e6 * flops, ratio)


def _trial(*methods: MethodResult) -> WeightingTrial:
    best: FloatArray = 0.5 + NOISE
    return WeightingTrial(
        folds=5, settings=9, equal=best - 0.01, best=best, equal_flops=1e6, sweep_flops=9e6, methods=methods
    )


ABSENT = replace(_method("MGDA", 0.0), failure="not installed: pip install it", skill=np.full(3, np.nan))


def test_a_method_that_gains_beats_them() -> None:
    gaining = answer(_trial(_method("DWA", 0.0), _method("PCGrad", 0.2, 1.9, 2.5)), "d", "torch")
    verdict, _, rest = gaining.sentence.partition(":")
    assert verdict == "PCGrad beats them"
    assert "best of 2 methods, PCGrad, differs by +0.200" in rest
    assert gaining.numbers["best_gain"] == pytest.approx(0.2)
    assert gaining.numbers["methods"] == 2
    assert "1.90 times the FLOPs and 2.50 times the seconds" in rest
    assert "9.0 times the FLOPs of training once at equal weights, PCGrad 1.9 times" in rest


def test_methods_that_all_lose_lose_to_fixed_weights() -> None:
    losing = answer(_trial(_method("DWA", -0.2), _method("PCGrad", -0.3)), "d", "torch")
    verdict, _, rest = losing.sentence.partition(":")
    assert verdict == "Fixed weights win"
    assert "DWA, differs by -0.200" in rest


def test_a_difference_within_its_interval_is_not_shown() -> None:
    unclear = answer(_trial(_method("DWA", 0.001), _method("PCGrad", -0.3, seconds=3.0)), "d", "torch")
    assert unclear.sentence.startswith("Not shown")
    (slowest,) = [clause for clause in unclear.sentence.split(";") if "3.00" in clause]
    assert "PCGrad, takes 1.00 times the FLOPs and 3.00 times the seconds" in slowest


def test_what_did_not_run_is_named_with_the_way_out() -> None:
    partial = answer(_trial(_method("DWA", 0.0), ABSENT), "d", "torch")
    assert "Did not run here: MGDA" in partial.sentence
    assert isinstance(partial.data, MethodComparison)
    assert partial.data.methods[-1] == MethodSkill(name="MGDA", failure="not installed: pip install it")


def test_without_any_method_there_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="pip install it"):
        answer(_trial(ABSENT), "d", "torch")
