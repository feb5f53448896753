"""Methods beside fixed weights: a sentence that follows planted skills and costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.explain.weighting_methods import Ratio, Trial, Tried, answer
from jointbench.types import FloatArray

NOISE = np.array([-0.002, 0.0, 0.002])


def _tried(name: str, gain: float, flops: float = 1.0, seconds: float = 1.0) -> Tried:
    return Tried(name, 0.5 + gain + NOISE[::-1], flops, 1e6 * flops, Ratio(seconds, seconds * 0.9, seconds * 1.1))


def _trial(*methods: Tried) -> Trial:
    best: FloatArray = 0.5 + NOISE
    return Trial(folds=5, settings=9, equal=best - 0.01, best=best, equal_flops=1e6, sweep_flops=9e6, methods=methods)


ABSENT = replace(_tried("MGDA", 0.0), failure="not installed: pip install it", skill=np.full(3, np.nan))


def test_a_method_that_gains_beats_them() -> None:
    said = answer(_trial(_tried("DWA", 0.0), _tried("PCGrad", 0.2, 1.9, 2.5)), "d", "torch")
    assert said.sentence.startswith("PCGrad beats them: the best of 2 methods, PCGrad, differs by +0.200")
    assert "A step of PCGrad takes 1.90 times the FLOPs and 2.50 times the seconds" in said.sentence
    assert "takes 9.0 times the FLOPs of training once at equal weights, PCGrad 1.9 times" in said.sentence


def test_methods_that_all_lose_are_said_to() -> None:
    said = answer(_trial(_tried("DWA", -0.2), _tried("PCGrad", -0.3)), "d", "torch")
    assert said.sentence.startswith("Fixed weights win: the best of 2 methods, DWA, differs by -0.200")


def test_a_difference_within_its_interval_is_not_shown() -> None:
    said = answer(_trial(_tried("DWA", 0.001), _tried("PCGrad", -0.3, seconds=3.0)), "d", "torch")
    assert said.sentence.startswith("Not shown to: ")
    assert "the dearest, PCGrad, takes 1.00 times the FLOPs and 3.00 times the seconds" in said.sentence


def test_what_did_not_run_is_named_with_the_way_out() -> None:
    said = answer(_trial(_tried("DWA", 0.0), ABSENT), "d", "torch")
    assert "Did not run here: MGDA." in said.sentence
    row = next(row for row in said.tables[0].rows if row[0] == "MGDA")
    assert row[1] == "not installed: pip install it"
    assert set(row[2:]) == {None}


def test_without_any_method_there_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="pip install it"):
        answer(_trial(ABSENT), "d", "torch")
