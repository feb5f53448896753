"""One small run, trained once, with which every test compares its own changed copy."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checked_runs import OPTIONS, UNTIMED, Result, Train, copy_of, silent
from jointbench.cli.app import main
from jointbench.records.store import read_records
from jointbench.runs.about import RunDescription
from jointbench.runs.folder import execute
from jointbench.runs.options import experiments, load_datasets, profile_named
from jointbench.study.plan import Experiment
from jointbench.study.run import run as study


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke study in torch, not timed."""
    folder = tmp_path_factory.mktemp("run")
    planned = experiments(OPTIONS, load_datasets(OPTIONS, profile_named("smoke")))
    execute(planned, UNTIMED, folder, RunDescription(profile="smoke", command="test"), silent)
    return folder


@pytest.fixture(scope="session")
def train(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Trains a changed wine_quality again; returns a folder with it and the rest of the run."""

    def trained(change: Callable[[Experiment], Experiment]) -> Path:
        options = replace(OPTIONS, datasets=("wine_quality",))
        datasets = load_datasets(options, profile_named("smoke"))
        changed = [change(experiment) for experiment in experiments(options, datasets)]
        rest = [record for record in read_records(run / "records.jsonl") if "wine_quality" not in repr(record)[:300]]
        return copy_of(run, tmp_path_factory.mktemp("changed") / "run", [*rest, *study(changed, UNTIMED, silent)])

    return trained


@pytest.fixture(scope="session")
def baseline(run: Path, check: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    assert check(run, "--write-baseline", path).code == 0
    return path


@pytest.fixture(scope="session")
def check() -> Callable[..., Result]:
    """`jointbench check ...` in this process."""

    def called(*words: object) -> Result:
        out, err = io.StringIO(), io.StringIO()
        arguments = sys.argv
        sys.argv = ["jointbench", "check", *(str(word) for word in words)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stopped:
                main()
        finally:
            sys.argv = arguments
        return Result(int(stopped.value.code or 0), out.getvalue(), err.getvalue())

    return called
