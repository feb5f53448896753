"""What ends a session of pytest before its study has: a signal, a full disk, a folder of another study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jointbench.cli.stopping import Stopped, stopping_on_signals
from jointbench.errors import BadInput


@contextmanager
def ending_the_session(folder: Path, command: str) -> Iterator[None]:
    """Ends pytest with one sentence and the exit code of the command line. command: what goes on with the run."""
    try:
        with stopping_on_signals():
            yield
    except Stopped as stopped:
        kept = Stopped(stopped.number, folder, command)
        pytest.exit(f"jointbench: {kept.message}", kept.exit_code)
    except BadInput as error:
        pytest.exit(f"jointbench: {error}", error.exit_code)
