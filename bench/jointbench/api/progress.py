"""One bar for a long call, in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jointbench.study.config import Progress
from jointbench.study.estimate import Phase
from jointbench.study.time_left import TimeLeft


@contextmanager
def progress_bar(phases: Sequence[Phase], *, shown: bool) -> Iterator[Progress]:
    """A bar of the whole call with the time left, gone at its end; nothing where it is not shown."""
    if not shown:
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    left = TimeLeft(phases)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def told(phase: str, at: str, done: float, total: float) -> None:
            left.update(phase, done, total)
            words = f"{left.seconds():.0f} s left, {phase} {at}".strip()
            bar.update(task, completed=left.share, description=words)

        yield told
