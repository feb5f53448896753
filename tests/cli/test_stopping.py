"""Ctrl-C and SIGTERM end a run alike: what had finished is kept and named, and no process stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jointbench.records import Fit, FoldRecord
from jointbench.records.store import read_records

WORDS = ("run", "wine_quality", "--profile", "smoke", "--backend", "torch", "--jobs", "1")


def started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "jointbench", *WORDS, "--out", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(folder: Path, noun: str) -> None:
    """Until a record of this kind is in the file."""
    deadline = time.monotonic() + 120
    path = folder / "records.jsonl"
    while not (path.is_file() and f'{{"record":"{noun}"' in path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(
    ("number", "noun"),
    [
        pytest.param(signal.SIGTERM, "Fit", marks=pytest.mark.slow),
        (signal.SIGINT, "Fit"),
        pytest.param(signal.SIGINT, "Timing", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, "Fit", marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_keeps_what_finished_and_leaves_no_process(
    tmp_path: Path, number: signal.Signals, noun: str
) -> None:
    folder = tmp_path / "run"
    with started(folder) as run:
        wait_for(folder, noun)
        pids = [process.pid for process in psutil.Process(run.pid).children(recursive=True)]
        run.send_signal(number)
        _, errors = run.communicate(timeout=30)
    deadline = time.monotonic() + 5
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(pids) == []
    assert "Traceback" not in errors
    if number != signal.SIGKILL:
        assert run.returncode == 128 + number
        assert str(folder) in errors
        assert f"; to go on: jointbench {' '.join(WORDS)} --out {folder}" in errors
    records = list(read_records(folder))
    assert any(isinstance(record, FoldRecord) for record in records)
    assert any(isinstance(record, Fit) for record in records)


BEFORE_IT_BEGAN = """
import signal, sys
from jointbench.cli.app import main
from jointbench.runs import about
about.about_study = lambda *_: signal.raise_signal(signal.SIGINT)
sys.argv = ["jointbench", *sys.argv[1:]]
main()
"""


def test_a_run_stopped_before_it_began_names_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-c", BEFORE_IT_BEGAN, *WORDS, "--out", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (130, "jointbench: stopped\n")
    assert not folder.exists()
