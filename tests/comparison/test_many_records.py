"""Comparing takes time in proportion to the records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import jointbench
from jointbench.records import Fit
from planted import two_arms


def test_a_hundred_thousand_records_take_time_in_proportion() -> None:
    """Twice the records take about twice the processor time: nothing is quadratic in them."""
    import time

    def seconds(repeats: int) -> float:
        luck = np.random.default_rng(0).normal(0.5, 0.02, (2, repeats, 10, 5))
        planted = two_arms([0.0, 0.0], shape=(repeats, 10, 5))
        records = replace(planted, skill={"joint": luck, "separate": luck + 0.001}).records()
        assert sum(isinstance(r, Fit) for r in records) == repeats * 10 * 5 * 3
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            jointbench.compare_arms(records)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(40) < 3 * seconds(20) + 0.05
