"""What a run says of itself before it begins."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jointbench.cli.console import typed_command
from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions, load_datasets, study_config
from jointbench.runs.planned_run import plan_run
from jointbench.study.profiles import PROFILES, profile_named


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_what_it_cuts(name: str) -> None:
    text = " ".join(notes(RunOptions(profile=name), ("cpu",)))
    for rows in (PROFILES[name].max_rows, PROFILES[name].max_images):
        assert rows is None or f"{rows:,} rows" in text
    assert f"{PROFILES[name].timing_seconds:g} s" in text
    assert study_config(RunOptions(profile=name)).timing_seconds == PROFILES[name].timing_seconds


def test_a_budget_is_what_the_notes_say() -> None:
    sentences = notes(RunOptions(profile="quick", budget=40.0), ("cpu",))
    assert "Budget of 40 s: timing takes at most about 16 s in all." in sentences
    assert not any("90 s" in sentence for sentence in sentences)


def test_a_password_in_an_address_is_in_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y,z\n" + "".join(f"{i * 7 % 31},{i * 1.5},{i % 11 + 0.5}\n" for i in range(60)))
    options = RunOptions(profile="smoke", datasets=(str(path),), targets=("y", "z"), backends=("torch",))
    datasets = load_datasets(options, profile_named("smoke"))
    word = "https://ann:s3cret@example.org/t.csv?token=s3cret"
    monkeypatch.setattr(sys, "argv", ["jointbench", "run", word])
    run = plan_run(replace(options, datasets=(word,)), datasets, typed_command())
    assert "example.org/t.csv" in run.description.command
    assert "example.org/t.csv" in run.description.reruns["t"]
    assert "s3cret" not in repr(run.description)
