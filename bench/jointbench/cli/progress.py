"""One line on standard error for a long command: how much is done, how long the rest takes, what it is at."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jointbench.cli.console import echo, make_console
from jointbench.cli.stopping import check_stopped
from jointbench.study.time_left import TimeLeft

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from jointbench.study.estimate import Phase

QUIET_SECONDS = 30.0  # between two lines where nobody watches
WIDTH = 20  # of the bar


class ProgressLine:
    """Called as work finishes, see ``study.config.Progress``. phases: what is expected, with its seconds."""

    def __init__(self, console: Console, phases: Sequence[Phase]) -> None:
        self._console, self._left = console, TimeLeft(phases)
        self._detail, self._began = "", time.monotonic()
        self._printed = self._began

    def __call__(self, phase: str, at: str, done: float, total: float) -> None:
        check_stopped()
        self._left.update(phase, done, total)
        self._detail = f"{phase} {at}".strip()
        if not self._console.is_terminal and time.monotonic() - self._printed >= QUIET_SECONDS:
            self._printed = time.monotonic()
            echo(f"jointbench: {_words(self._left)}; {self._detail}", err=True)

    def say(self, text: str) -> None:
        """Prints a line that stays, with the time since the beginning."""
        line = f"{_minutes(time.monotonic() - self._began)} {text}"
        self._console.print(line, markup=False, highlight=False)

    def line(self) -> RenderableType:
        """The line as it is now."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=WIDTH)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        bar = ProgressBar(total=1.0, completed=self._left.share, width=WIDTH)
        grid.add_row(bar, Text(_words(self._left)), Text(self._detail))
        return grid


@contextmanager
def progress_line(phases: Sequence[Phase] = ()) -> Iterator[ProgressLine]:
    """A line that stays in its place on a terminal and is gone at the end; elsewhere a new line now and then.

    phases: what the command is expected to do, with its seconds.
    """
    console = make_console(err=True)
    progress = ProgressLine(console, phases)
    if not console.is_terminal:
        yield progress
        return

    from rich.live import Live

    with Live(get_renderable=progress.line, console=console, refresh_per_second=2, transient=True):
        yield progress


def _words(left: TimeLeft) -> str:
    seconds = left.seconds()
    share = f"{math.floor(100 * left.share)} %"
    return share if seconds is None else f"{share}, about {_minutes(seconds)} left"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
