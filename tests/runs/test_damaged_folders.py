"""A damaged run folder is drawn, checked and packed, or refused in one sentence; nothing else ever happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from damaged_folders import Files, damaged_runs, whole_run, write_files
from hypothesis import HealthCheck, given, settings

from commands import ended

ANSWERS = {"report": (0, 4), "check": (0,), "pack": (0,)}  # exit codes of a folder that is read
COUNTS: dict[tuple[str, int], int] = {}


def try_commands(files: Files, *commands: str) -> None:
    with TemporaryDirectory() as scratch:
        folder, baseline = write_files(Path(scratch) / "run", files), Path(scratch) / "baseline.json"
        for command in commands:
            extra = ("--write-baseline", baseline) if command == "check" else ()
            code, _, errors = ended(command, folder, *extra)
            COUNTS[command, code] = COUNTS.get((command, code), 0) + 1
            if code in ANSWERS[command]:
                assert errors == ""
            else:
                assert code == 2, (command, code, errors)
                assert errors.startswith("jointbench: ")
                assert errors.count("\n") == 1, errors
            assert not list(Path(scratch).rglob("*.partial"))
        if baseline.exists():
            assert ended("check", folder, "--baseline", baseline)[0] == 0


def test_the_whole_run_is_drawn_checked_and_packed(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "run", whole_run())
    assert ended("report", folder)[::2] == (0, "")
    assert ended("pack", folder)[::2] == (0, "")
    page = (folder / "report.html").read_text(encoding="utf-8")
    for part in ("keras_fit", "scaling", "joint"):
        assert part in page


@pytest.mark.parametrize("name", [*whole_run(), "explain.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    """A pipe was waited for without end."""
    folder = write_files(tmp_path / "run", whole_run())
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    code, _, err = ended("report", folder)
    assert code == 2
    assert err.startswith(f"jointbench: {folder / name} cannot be read (it is no regular file); ")


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(damaged_runs())
def test_damaged_folders(files: Files) -> None:
    try_commands(files, "check", "pack")


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(damaged_runs())
def test_reports_of_damaged_folders(files: Files) -> None:
    try_commands(files, "report")


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged_runs())
def test_a_thousand_damaged_folders(files: Files) -> None:
    try_commands(files, "check", "pack", "report")
