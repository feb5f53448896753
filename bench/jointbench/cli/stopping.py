"""Ctrl-C and SIGTERM end a command alike: workers end with it, what had finished is kept, one line tells where."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Someone asked the command to end. Not KeyboardInterrupt, which the command-line library answers by itself.

    number: the signal. folder: where what had finished is, None where nothing was to be kept.
    """

    def __init__(self, number: int, folder: Path | None = None) -> None:
        super().__init__(number)
        self.number, self.folder = number, folder

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells count it."""
        return 128 + self.number

    @property
    def message(self) -> str:
        if self.folder is None:
            return "stopped"
        return f"stopped; what had finished is in {self.folder}, and jointbench report {self.folder} draws its report"


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Inside, the signals raise Stopped in the main thread."""
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    # Each one raises: Python drops an exception that is raised inside a finaliser, and a second Ctrl-C must work then.
    # Should it break off the cleaning up, the workers end all the same, because their parent is gone.
    raise Stopped(number)
