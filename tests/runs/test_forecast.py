"""`--dry-run`: what would be trained and timed, about how long it takes, and nothing happens."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from commands import ended
from jointbench.measure.machine_speed import machine_speed
from jointbench.report.duration import spoken
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.study.estimate import Estimate, estimate
from jointbench.study.profiles import profile_named

WORDS = ("run", "wine_quality", "--backend", "torch", "--device", "cpu")


def expected(**changes: object) -> Estimate:
    options = RunOptions(**{"datasets": ("wine_quality",), "backends": ("torch",), "device": "cpu", **changes})  # type: ignore[arg-type]
    planned = experiments(options, load_datasets(options, profile_named(options.profile)))
    return estimate(planned, study_config(options))


def test_it_tells_what_would_be_done_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jointbench.study.run.run", None)
    code, out, err = ended(*WORDS, "--profile", "smoke", "--dry-run", "--out", "never")
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "output quality: regression" in text
    assert "output type: binary" in text
    assert (
        "joint, separate, separate-matched; 2 folds x 1 repeat x 1 seed, on torch on cpu: wine_quality 10 networks"
        in text
    )
    assert "In all: 10 networks; 8 reference models; 1 timing " in text
    assert re.search(
        r"Expected: reference models \d+ s, torch cpu: training \d+ s, torch cpu: timing \d+ s, report", text
    )
    assert re.search(r"About \d+ (s|min) on this machine as it is now \(most runs: ", text)
    assert text.endswith("Nothing was trained or written.")
    assert list(tmp_path.iterdir()) == []


def test_bad_options_are_refused_as_ever() -> None:
    code, _, err = ended(*WORDS, "--dry-run", "--folds", "1")
    assert code == 2
    assert "--folds 1" in err


def test_more_work_takes_longer_and_a_slower_machine_too() -> None:
    smoke, quick = expected(profile="smoke"), expected()
    assert smoke.seconds < quick.seconds < expected(seeds=4).seconds
    assert quick.seconds < expected(backends=("torch", "tensorflow")).seconds
    assert quick.seconds < expected(datasets=("wine_quality", "yeast")).seconds


def test_rounds_are_bounded_by_their_budget() -> None:
    quick = expected()
    assert quick.seconds < 60 < quick.most < 170 + 60
    assert expected(folds=5).most == expected(folds=5).seconds
    assert expected(budget=100.0).most < 100 + 60
    assert math.isinf(expected(until_decided=True).most)


def test_durations_are_no_more_exact_than_an_estimate() -> None:
    texts = {
        0.2: "1 s",
        8.2: "8 s",
        23.0: "25 s",
        92.0: "2 min",
        700.0: "12 min",
        5_500.0: "1 h 30 min",
        7_300.0: "2 h",
    }
    assert {seconds: spoken(seconds) for seconds in texts} == texts


def test_the_speed_of_this_machine_is_a_positive_number() -> None:
    assert 0.01 < machine_speed() < 100
