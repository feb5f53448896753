"""Numbers that nothing can be done with: one sentence each, before anything is read or trained."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jointbench.cli.app import main
from jointbench.errors import BadInput
from jointbench.runs.number_limits import JOBS_PER_CORE, check_numbers
from jointbench.runs.options import RunOptions, experiments, load_datasets
from jointbench.runs.reruns import reruns
from jointbench.runtime.environment import cores
from jointbench.study.profiles import PROFILES

MOST_JOBS = JOBS_PER_CORE * cores()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--seed", "-1"], ["--seed -1", "from 0"]),
        (["--seed", str(2**63)], [f"--seed {2**63}"]),
        (["--seeds", "0"], ["--seeds 0", "at least 1"]),
        (["--folds", "1"], ["--folds 1", "at least 2"]),
        (["--folds", "-3"], ["--folds -3", "at least 2"]),
        (["--jobs", "0"], ["--jobs 0", "at least 1"]),
        (["--jobs", "100000"], ["--jobs 100000", f"at most {MOST_JOBS} worker processes"]),
        (["--seeds", "1000000"], ["--seeds 1000000", "runs of each arm", "10,000"]),
    ],
)
@pytest.mark.parametrize("command", ["run", "explain"])
def test_a_number_that_cannot_be_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    words: list[str],
    names: list[str],
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["jointbench", command, "concrete_slump", *words, "--out", str(out)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    message = capsys.readouterr().err.strip()
    assert message.count("\n") == 0
    for name in names:
        assert name in message
    assert not out.exists()


@pytest.mark.parametrize("words", [["--draws", "0"], ["--rows", "10"], ["--jobs", "0"], ["--jobs", "100000"]])
def test_calibrate_refuses_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["jointbench", "calibrate", *words, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.strip().startswith(f"jointbench: {words[0]} {words[1]}: ")


def test_a_million_repeats_are_refused_at_once_and_the_product_is_said() -> None:
    with pytest.raises(BadInput, match=r"--repeats 1000000: 5 folds x 1,000,000 repeats x 1 seeds are 5,000,000 runs"):
        check_numbers(RunOptions(repeats=1_000_000))


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_and_the_most_jobs_are_allowed(name: str) -> None:
    check_numbers(RunOptions(profile=name, jobs=MOST_JOBS, seed=2**63 - 1))
    check_numbers(RunOptions(profile=name, jobs=1, folds=2, repeats=1, seeds=1))


def test_split_repeats_reaches_the_splits_and_the_command_that_runs_a_dataset_again(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = [f"k{i % 3},{i % 7},{'ab'[i % 2]}" for i in range(120)]
    path.write_text("\n".join(["kind,y,z", *lines]) + "\n")
    options = RunOptions(profile="smoke", datasets=(str(path),), targets=("y", "z"), backends=("torch",))
    with pytest.raises(BadInput, match="--split-repeats"):
        experiments(replace(options, folds=5), load_datasets(options, PROFILES["smoke"]))
    chosen = replace(options, folds=5, split_repeats=True)
    datasets = load_datasets(chosen, PROFILES["smoke"])
    (experiment,) = experiments(chosen, datasets)
    assert all(len(split.test) == 24 for split in experiment.splits)
    assert "--split-repeats" in experiment.dataset.notes[-1]
    assert reruns(chosen, datasets)["table"].endswith("--split-repeats")
    assert "--split-repeats" not in reruns(options, datasets)["table"]
