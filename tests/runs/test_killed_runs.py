"""kill -9 of a run, wherever it is, and the same command again: nothing lost, nothing doubled, no process left behind."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
from killed_runs import UNTIMED, Faults, end, kill_after, kill_at, lines_of, printed, started

from jointbench.records.store import read_records

KILLS = 30


def campaign(folder: Path, kills: int) -> Faults:
    began = time.monotonic()
    started(folder / "whole").wait(timeout=300)
    seconds = time.monotonic() - began
    whole = list(read_records(folder / "whole"))
    faults, moments = Faults(), random.Random(0)  # noqa: S311 - no secret
    while faults.kills < kills:
        run_folder = folder / "run"
        shutil.rmtree(run_folder, ignore_errors=True)
        if kill_at(run_folder, moments.uniform(0, seconds), faults):
            end(run_folder, lines_of(run_folder), whole, faults)
            print(faults, flush=True)  # noqa: T201 - of a test that takes long, with -s
    return faults


@pytest.mark.slow
def test_thirty_kills_cost_nothing(tmp_path: Path) -> None:
    faults = campaign(tmp_path, KILLS)
    assert faults.none, faults


def test_two_kills_of_one_run_cost_nothing(tmp_path: Path) -> None:
    """One after the other, in this run: as it begins, and in training."""
    untimed, faults = ("-c", UNTIMED), Faults()
    whole = started(tmp_path / "whole", untimed)
    for noun in (b"Fold", b"Fit"):
        kill_after(tmp_path / "run", noun, faults, untimed)
    assert whole.wait(timeout=120) == 0
    end(tmp_path / "run", lines_of(tmp_path / "run"), list(read_records(tmp_path / "whole")), faults, untimed)
    assert faults == Faults(kills=2), (faults, printed(tmp_path / "run").read_text())
