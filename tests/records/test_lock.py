"""One process at a time has a folder, and a dead one does not keep it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jointbench.errors import BadInput
from jointbench.records.lock import locked

HOLD = """
import sys
from pathlib import Path
from jointbench.records.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_gets_a_sentence_and_a_dead_one_keeps_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for _ in range(2):
            with (
                pytest.raises(BadInput, match=r"another run is writing to it; wait .* or name another"),
                locked(tmp_path),
            ):
                raise AssertionError
        holder.kill()
        holder.wait()
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(BadInput, match="cannot be locked"), locked(tmp_path):
        raise AssertionError
