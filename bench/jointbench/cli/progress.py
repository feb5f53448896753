"""A bar for each phase of a long command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jointbench.cli.stopping import check_stopped

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.study.config import Progress


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """A bar for each phase, with the time left."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def update(phase: str, detail: str, done: int, total: int) -> None:
            check_stopped()
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total, detail=detail)
            bars.update(tasks[phase], completed=done, total=total, detail=detail)

        yield update
