"""Ctrl-C and SIGTERM end a command alike: workers end with it, what had finished is kept, one line tells where."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import TypeAlias

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | signal.Handlers | None"
RETRY_SECONDS = 0.05  # after which a lost exception is raised again


class Stopped(BaseException):
    """Someone asked the command to end. Not KeyboardInterrupt, which the command-line library answers by itself.

    number: the signal. folder: where what had finished is, None where nothing was to be kept. command: what goes on.
    """

    def __init__(self, number: int, folder: Path | None = None, command: str = "") -> None:
        super().__init__(number)
        self.number, self.folder, self.command = number, folder, command

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells count it."""
        return 128 + self.number

    @property
    def message(self) -> str:
        if self.folder is None:
            return "stopped"
        kept = f"stopped; what had finished is in {self.folder}, and jointbench report {self.folder} draws its report"
        return f"{kept}; to go on: {self.command}" if self.command else kept


class _StopRequests:
    """Handles the signals: raises Stopped in the main thread, and again where that got lost.

    Python drops what is raised inside a finaliser (``__del__``, a weak reference's callback) and hands it to
    ``sys.unraisablehook``, or to ``sys.excepthook`` where compiled code prints it and goes on; a library may catch it
    without a word. Each signal raises: a second Ctrl-C must work too.
    Should it break off the cleaning up, the workers end all the same, because their parent is gone.
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        self.restored: dict[int, Handler] = {number: signal.signal(number, self.handle) for number in SIGNALS}
        self.report_lost, sys.unraisablehook = sys.unraisablehook, self.retry
        self.report_printed, sys.excepthook = sys.excepthook, self.retry_printed

    def handle(self, number: int, _: FrameType | None) -> None:
        self.requested = number
        raise Stopped(number)

    def check(self, *_: object) -> None:
        """Raises Stopped where there was a signal."""
        if self.requested is not None:
            raise Stopped(self.requested)

    def retry(self, lost: sys.UnraisableHookArgs) -> None:
        """The hook for lost exceptions: silent about Stopped, which it raises anew when the finaliser is over."""
        if not isinstance(lost.exc_value, Stopped):
            self.report_lost(lost)
            return
        self._again()

    def retry_printed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The hook for what compiled code prints: the same."""
        if not isinstance(error, Stopped):
            self.report_printed(kind, error, trace)
            return
        self._again()

    def _again(self) -> None:
        # An alarm takes no lock, as a thread would: the finaliser may run while its thread holds any.
        self.restored.setdefault(signal.SIGALRM, signal.getsignal(signal.SIGALRM))
        signal.signal(signal.SIGALRM, self.check)
        signal.setitimer(signal.ITIMER_REAL, RETRY_SECONDS)

    def restore(self) -> None:
        if signal.SIGALRM in self.restored:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self.restored.items():
            signal.signal(number, handler)
        sys.unraisablehook, sys.excepthook = self.report_lost, self.report_printed


def _end_now(number: int, _: FrameType | None) -> None:
    os._exit(Stopped(number).exit_code)


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Inside, the signals raise Stopped in the main thread.

    When Stopped leaves, another signal ends the process at once, while Python exits.
    """
    requests = _StopRequests()
    try:
        yield
    except Stopped:
        requests.restored |= dict.fromkeys(SIGNALS, _end_now)
        raise
    finally:
        requests.restore()


def check_stopped() -> None:
    """Raises Stopped where someone asked for the end and that got lost. For whatever ticks during long work."""
    requests = getattr(signal.getsignal(SIGNALS[0]), "__self__", None)
    if isinstance(requests, _StopRequests):
        requests.check()
