"""Real training on tasks whose truth is known gets the right verdicts, and a wrong expectation is noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from jointbench.calibration.known_truth import (
    SCENARIOS,
    SEEDS,
    Scenario,
    Tally,
    Trial,
    known_truth,
    tallies,
)
from jointbench.study.config import StudyConfig


def trained(backend: str, scenarios: Sequence[Scenario] = SCENARIOS, seeds: int = 1) -> tuple[Trial, ...]:
    pytest.importorskip(backend)
    config = StudyConfig(
        backends=(backend,),
        devices=("cpu",),
        engine="stacked",
        jobs=2,
        threads=1,
        batch_sizes=(1,),
        timing_seconds=0.0,
        references=False,
    )
    return known_truth(config, lambda *_: None, scenarios=scenarios, seeds=range(seeds))


def test_one_dataset_of_each_scenario() -> None:
    """With one repeat, to save time: the differences are plain enough."""
    trials = trained("torch", [replace(scenario, repeats=1) for scenario in SCENARIOS])
    assert [(trial.corner, trial.right) for trial in trials] == [
        ("related", True),
        ("conflicting", True),
        ("plenty", True),
    ]
    assert trials[1].separate_outputs > 0
    assert all(trial.low < trial.difference < trial.high for trial in trials)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_nine_of_ten_verdicts_are_right_in_every_scenario(backend: str) -> None:
    by_scenario = tallies(trained(backend, seeds=SEEDS))
    assert [tally.trials for tally in by_scenario] == [SEEDS] * len(SCENARIOS)
    assert all(10 * tally.right >= 9 * tally.trials for tally in by_scenario), by_scenario


def test_the_tally_counts_right_verdicts() -> None:
    def trial(corner: str, right: bool, difference: float) -> Trial:
        return Trial(
            corner=corner,
            backend="torch",
            seed=0,
            verdict="equivalent",
            right=right,
            difference=difference,
            low=-1.0,
            high=1.0,
            separate_outputs=0,
        )

    counted = tallies([trial("a", True, 0.1), trial("a", False, 0.3), trial("b", True, 0.0)])
    assert counted == (Tally("a", "torch", 2, 1, pytest.approx(0.2)), Tally("b", "torch", 1, 1, 0.0))
