"""Real runs, killed at some moment and started again: what was lost, doubled or left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from jointbench.records import Record
from jointbench.records.store import read_records
from without_clocks import timed, unclocked

WORDS = ("run", "concrete_slump", "--profile", "smoke", "--backend", "torch", "--jobs", "2", "--device", "cpu")
ORPHAN_SECONDS = 10.0
# Timing takes most of a small run, and is left out where a test is to be quick.
UNTIMED = """
import dataclasses, sys
from jointbench.cli.app import main
from jointbench.study import profiles
profiles.PROFILES["smoke"] = dataclasses.replace(profiles.PROFILES["smoke"], timing_seconds=0.0)
sys.argv = ["jointbench", *sys.argv[1:]]
main()
"""
Program = tuple[str, ...]
WHOLE: Program = ("-m", "jointbench")


def started(folder: Path, program: Program = WHOLE) -> subprocess.Popen[bytes]:
    """A run in a session of its own, by which its processes are found. What it prints goes into a file."""
    command = [sys.executable, *program, *WORDS, "--out", str(folder)]
    with printed(folder).open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)


def printed(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.printed")


def alive(session: int) -> list[int]:
    """Processes of the session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


@dataclass
class Faults:
    """What went wrong, over any number of kills."""

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    tracebacks: int = 0
    differing: int = 0
    unended: int = 0

    @property
    def none(self) -> bool:
        return self == Faults(kills=self.kills)


def lines_of(folder: Path) -> list[bytes]:
    """The whole lines that are there."""
    path = folder / "records.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.is_file() else []


def kill_at(folder: Path, seconds: float, faults: Faults) -> bool:
    """Starts the run, kills it with SIGKILL after so many seconds; False where it had ended by then."""
    run = started(folder)
    time.sleep(seconds)
    if run.poll() is not None:
        return False
    _kill(run, folder, faults)
    return True


def kill_after(folder: Path, noun: bytes, faults: Faults, program: Program) -> None:
    """Starts the run, kills it with SIGKILL once it has written a record of this kind."""
    there = len(lines_of(folder))
    run = started(folder, program)
    while not any(line.startswith(b'{"record":"' + noun) for line in lines_of(folder)[there:]):
        assert run.poll() is None, printed(folder).read_text()
        time.sleep(0.01)
    _kill(run, folder, faults)


def _kill(run: subprocess.Popen[bytes], folder: Path, faults: Faults) -> None:
    run.kill()
    run.wait()
    faults.kills += 1
    deadline = time.monotonic() + ORPHAN_SECONDS
    while alive(run.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    for orphan in alive(run.pid):
        faults.orphans += 1
        os.kill(orphan, signal.SIGKILL)
    faults.tracebacks += "Traceback" in printed(folder).read_text()


def end(folder: Path, before: list[bytes], whole: list[Record], faults: Faults, program: Program = WHOLE) -> None:
    """Starts the run again, lets it come to its end, and counts. before: lines of the killed run. whole: the records of a
    run that nobody killed."""
    run = started(folder, program)
    run.wait(timeout=300)
    faults.tracebacks += "Traceback" in printed(folder).read_text()
    faults.unended += run.returncode != 0
    if run.returncode != 0:
        return
    after = lines_of(folder)
    faults.lost += sum((Counter(line for line in before if line.endswith(b"\n")) - Counter(after)).values())
    records = list(read_records(folder))  # refuses what is there twice
    faults.doubled += sum(count - 1 for count in [*unclocked(records).values(), *timed(records).values()])
    faults.differing += unclocked(records) != unclocked(whole)
