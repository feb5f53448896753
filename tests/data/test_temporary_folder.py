"""What a killed process leaves in the temporary folder goes when the next one maps a table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jointbench.data import temporary_folder
from jointbench.data.temporary_folder import PREFIX, own_folder

MAPPED = """
import numpy as np, sys
from jointbench.data import shared_table
shared_table.LEAST_BYTES = 64
table = shared_table.shared(np.ones((50, 5), np.float32))
print(table.filename, flush=True)
if sys.argv[1] == "wait":
    sys.stdin.read()
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(temporary_folder, "LEAST_AGE", 0.0)
    own_folder.cache_clear()
    yield tmp_path
    own_folder.cache_clear()


def started(how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAPPED, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_processs_tables_go_at_the_next_start_and_a_living_ones_stay(room: Path) -> None:
    with started("wait") as killed, started("wait") as living:
        left, used = (Path(process.stdout.readline().strip()) for process in (killed, living) if process.stdout)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert left.exists()
        own = own_folder()
        assert not left.parent.exists()
        assert used.exists()
        assert own.parent == room
        living.communicate("")
    assert not used.parent.exists(), "it goes with its process"


def test_what_is_no_folder_of_ours_is_left_alone(room: Path) -> None:
    elsewhere = room / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (room / f"{PREFIX}link").symlink_to(elsewhere)
    (room / f"{PREFIX}file").write_text("kept")
    own_folder()
    assert (elsewhere / "kept").read_text() == "kept"
    assert (room / f"{PREFIX}file").read_text() == "kept"
