"""What the tests send to workers, which must be able to import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from jointbench.backends.protocols import Backend


def process(_: Backend, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return os.getpid()


def die(_: Backend, lives: Path) -> int:
    """Kills its worker and leaves a trace of it; once two have died for it, answers."""
    died = len(list(lives.iterdir()))
    if died < int(lives.name):
        (lives / str(died)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return died


def fail(_: Backend) -> None:
    raise RuntimeError("no such thing")


def visible_gpus(_: Backend | None, until: Path | None = None) -> tuple[str | None, int]:
    """What CUDA may see in this worker, and the worker; once this file is there."""
    while until is not None and not until.exists():
        time.sleep(0.01)
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.getpid()
