"""The program of a worker process: loky's, which ends without a word when its parent does, however early that is.

loky prints a traceback where a process finds nothing to take over from a parent that was killed while it started.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import signal
import sys
import threading
import time

PARENT = "JOINTBENCH_PARENT"  # the variable that holds its process id
PARENT_CHECK_SECONDS = 1.0
LOKY = "loky.backend.popen_loky_posix"


def _end_with_parent(parent: int) -> None:
    """Ends this process soon after its parent is gone."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what ends
    parent = int(os.environ[PARENT])
    if os.getppid() != parent:
        sys.exit(1)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    printed = io.StringIO()  # what a worker prints is no result
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_module(LOKY, run_name="__main__")
    finally:
        if os.getppid() == parent:
            sys.stderr.write(printed.getvalue())


if __name__ == "__main__":
    main()
