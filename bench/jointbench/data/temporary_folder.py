"""The folder of this process for what it maps: it goes with the process, or, where that was killed, at the next start."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

PREFIX = "jointbench-tables-"
LOCK = ".lock"  # held by the folder's process for as long as that lives
LEAST_AGE = 60.0  # seconds: a younger folder may not be locked yet


@cache
def own_folder() -> Path:
    """The folder, new, and those of processes that were killed removed. Raises OSError where none can be made."""
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    _locks.append(_locked(folder))
    atexit.register(_remove, folder, os.getpid())
    return folder


_locks: list[BaseFileLock] = []


def _locked(folder: Path) -> BaseFileLock:
    """Raises Timeout where another process holds it."""
    lock = FileLock(folder / LOCK, is_singleton=False)
    lock.acquire(blocking=False)
    return lock


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout, NotImplementedError):
            about = folder.lstat()
            mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
            if not folder.is_dir() or folder.is_symlink() or not mine or time.time() - about.st_mtime < LEAST_AGE:
                continue
            lock = _locked(folder)
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # a forked process ends too
        shutil.rmtree(folder, ignore_errors=True)
