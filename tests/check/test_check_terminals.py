"""`report` and `check` in terminals without the characters that they use, from a folder whose name is no UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from checked_runs import copy_of

SCRIPT = """
import sys
from jointbench.cli.app import main
for words in {commands!r}:
    sys.argv = ["jointbench", *words]
    try:
        main()
    except SystemExit as stopped:
        assert stopped.code in (0, None), (words, stopped.code)
"""


def test_report_and_check_end_well_in_ascii(run: Path, tmp_path: Path) -> None:
    folder = copy_of(run, tmp_path / os.fsdecode(b"out\xe9"))
    baseline = str(tmp_path / os.fsdecode(b"base\xe9.json"))
    commands = (
        ("report", str(folder)),
        ("check", str(folder), "--write-baseline", baseline),
        ("check", str(folder), "--baseline", baseline),
        ("check", str(folder), "--baseline", baseline, "--format", "markdown"),
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(commands=commands)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    text = done.stdout.decode("ascii")
    assert "Report: " in text
    assert "as before" in text
    assert "-0." in text, "a minus sign that the terminal has"
    assert "out?/report.html" in text
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
