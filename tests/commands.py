"""Commands of jointbench, called in this process."""

from __future__ import annotations

import contextlib
import io
import sys

from jointbench.cli.app import main


def ended(*words: object) -> tuple[int, str, str]:
    """Exit code, output and errors of ``jointbench WORDS``; anything it raises but its exit is passed on."""
    arguments, out, err = sys.argv, io.StringIO(), io.StringIO()
    sys.argv = ["jointbench", *(str(word) for word in words)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = arguments
    raise AssertionError("a command ends with its exit code")
