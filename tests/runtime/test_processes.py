"""A process that dies takes its own task with it, is replaced, and never outlives the one that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from jointbench.runtime import processes
from jointbench.runtime.processes import Processes

CHILD = """
import sys, time
from jointbench.runtime.processes import Processes
import os
with Processes(2, 1) as workers:
    print(*(workers.submit(os.getpid).result() for _ in range(2)), flush=True)
    workers.submit(time.sleep, 600).result()
"""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_death_costs_its_own_task_alone() -> None:
    with Processes(2, 1) as workers:
        running = workers.submit(time.sleep, 1.5)
        dead = workers.submit(die)
        later = [workers.submit(abs, -n) for n in range(6)]
        with pytest.raises(BrokenProcessPool):
            dead.result()
        assert [future.result() for future in later] == list(range(6))
        assert running.result() is None


def test_a_death_between_two_tasks_costs_none() -> None:
    with Processes(1, 1) as workers:
        first = workers.submit(os.getpid).result()
        os.kill(first, signal.SIGKILL)
        gone = time.monotonic() + 10
        while psutil.pid_exists(first) and psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < gone
            time.sleep(0.01)
        assert workers.submit(os.getpid).result() != first


def test_every_process_may_die_and_the_next_task_runs() -> None:
    with Processes(1, 1) as workers:
        for n in range(3):
            with pytest.raises(BrokenProcessPool):
                workers.submit(die).result()
            assert workers.submit(abs, -n).result() == n


def test_a_task_that_fails_fails_alone_and_its_process_stays() -> None:
    with Processes(1, 1) as workers:
        before = workers.submit(os.getpid).result()
        with pytest.raises(ValueError, match="math domain"):
            workers.submit(__import__("math").sqrt, -1.0).result()
        assert workers.submit(os.getpid).result() == before


def test_a_fresh_process_for_every_task() -> None:
    with Processes(1, 1, fresh=True) as workers:
        pids = [workers.submit(os.getpid).result() for _ in range(3)]
        assert len(set(pids)) == 3
        assert not any(_runs(pid) for pid in pids)


def test_a_stopped_process_does_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOPPED_CHECK_SECONDS", 0.1)
    with Processes(1, 1) as workers:
        pid = workers.submit(os.getpid).result()
        future = workers.submit(time.sleep, 60)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(BrokenProcessPool):
            future.result()
        assert workers.submit(abs, -1).result() == 1


def test_a_process_that_is_busy_is_not_taken_for_a_stopped_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOPPED_CHECK_SECONDS", 0.05)
    with Processes(1, 1) as workers:
        assert workers.submit(time.sleep, 0.6).result() is None


def test_leaving_ends_what_runs_and_cancels_what_waits() -> None:
    with Processes(1, 1) as workers:
        pid = workers.submit(os.getpid).result()
        futures = [workers.submit(time.sleep, 600) for _ in range(3)]
    assert not wait(futures, timeout=5).not_done
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_one_that_started_it(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        started = [process.pid for process in psutil.Process(parent.pid).children(recursive=True)]
        assert set(pids) <= set(started)
        parent.send_signal(number)
    deadline = time.monotonic() + 5
    while (alive := [pid for pid in started if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive == []


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_file_in_the_current_folder_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    with Processes(1, 1) as workers:
        assert workers.submit(abs, -3).result() == 3


LEAVES_A_LOCK = """
import sys, time
from pathlib import Path
from jointbench.runtime.processes import Processes

def work():
    from loky.backend.synchronize import Lock
    lock = Lock()  # as libraries make one while they are imported
    Path("begun").touch()
    time.sleep(60)

if __name__ == "__main__":
    with Processes(1, 1) as processes:
        processes.submit(work)
        while not Path("begun").exists():
            time.sleep(0.01)
"""


def test_what_a_killed_process_leaves_behind_is_cleaned_up_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(LEAVES_A_LOCK)
    ended = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_process_whose_parent_was_gone_before_it_began_ends() -> None:
    """Asked only then, its parent was whoever adopts orphans, and it waited for work for ever."""
    code = "import time; from jointbench.runtime.processes import _begin; _begin(2**22 + 1, None, ()); time.sleep(60)"
    began = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert began.returncode == 1
