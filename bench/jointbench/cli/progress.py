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
    from rich.console import RenderableType

    from jointbench.study.config import Progress
    from jointbench.study.estimate import Phase

QUIET_SECONDS = 30.0  # between two lines where nobody watches
WIDTH = 20  # of the bar


@contextmanager
def progress_line(phases: Sequence[Phase] = ()) -> Iterator[Progress]:
    """A line that stays in its place on a terminal and is gone at the end; elsewhere a new line now and then.

    phases: what the command is expected to do, with its seconds.
    """
    console = make_console(err=True)
    left = TimeLeft(phases)
    detail, printed = "", time.monotonic()

    def note(phase: str, at: str, done: float, total: float) -> None:
        nonlocal detail
        check_stopped()
        left.update(phase, done, total)
        detail = f"{phase} {at}".strip()

    if not console.is_terminal:

        def told(phase: str, at: str, done: float, total: float) -> None:
            nonlocal printed
            note(phase, at, done, total)
            if time.monotonic() - printed >= QUIET_SECONDS:
                printed = time.monotonic()
                echo(f"jointbench: {_words(left)}; {detail}", err=True)

        yield told
        return

    from rich.live import Live

    def line() -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=WIDTH)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        words = _words(left)
        grid.add_row(ProgressBar(total=1.0, completed=left.share, width=WIDTH), Text(words), Text(detail))
        return grid

    with Live(get_renderable=line, console=console, refresh_per_second=2, transient=True):
        yield note


def _words(left: TimeLeft) -> str:
    seconds = left.seconds()
    share = f"{math.floor(100 * left.share)} %"
    if seconds is None:
        return share
    minutes, rest = divmod(round(seconds), 60)
    return f"{share}, about {minutes}:{rest:02d} left"
