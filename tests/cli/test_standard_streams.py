"""Output that cannot be printed: the work is done all the same, and the exit code says what happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The command line around a command that prints, works, prints again, and ends with a code of its own.
COMMAND = """
import os, sys
from jointbench.cli import app as cli
from jointbench.cli.console import echo, make_console
from jointbench.runtime.processes import Processes

def command():
    console = make_console()
    console.print("before")
    file = os.open("made", os.O_WRONLY | os.O_CREAT)
    for _ in range(2000):
        console.print("between, long enough to fill a pipe")
        echo("and so is this")
    os.write(file, b"work")
    with Processes(1, 1) as processes:
        assert processes.submit(os.fstat, 2).result()
    sys.stderr.flush()
    raise SystemExit({code})

cli.app = command
cli.main()
"""
FULL = "jointbench: standard output cannot be written (No space left on device); files were written as usual\n"


@pytest.mark.parametrize(
    ("redirected", "code", "ends", "says"),
    [
        ("> /dev/full", 0, 4, FULL),
        ("> /dev/full", 1, 1, FULL),  # a regression stays one
        ("| true", 0, 141, ""),  # not 1, which would be a regression
        ("| head -1", 3, 3, ""),
        ("> /dev/full 2>&1", 0, 4, ""),
        (">&-", 0, 0, ""),
        ("<&- >&- 2>&-", 0, 0, ""),
    ],
)
def test_output_that_cannot_be_printed_ends_no_work(
    tmp_path: Path, redirected: str, code: int, ends: int, says: str
) -> None:
    (tmp_path / "command.py").write_text(COMMAND.format(code=code))
    line = f"set -o pipefail; '{sys.executable}' command.py {redirected}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (tmp_path / "made").read_text() == "work"  # and nothing that was meant for the terminal
    assert done.stderr == says
    assert done.returncode == ends


def test_help_that_nobody_reads_is_no_error_of_the_command() -> None:
    line = f"set -o pipefail; '{sys.executable}' -m jointbench --help | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 141)  # a pipe takes the text before it is closed, or not
    assert done.stderr == ""
