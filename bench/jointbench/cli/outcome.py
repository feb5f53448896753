"""How a command ends: the table, where the report is, and the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.compare.summary.run import Summary

DID_NOT_RUN = 4


def finish(summary: Summary, console: Console, report: Path, explicit: tuple[str, ...]) -> None:
    """The table at the end, and exit code 4 when nothing ran, every fit of something failed, or something asked for by
    name did not run.
    """
    from jointbench.report.terminal import terminal_report

    terminal_report(summary, console)
    console.print(f"Report: {report}", markup=False, highlight=False, soft_wrap=True)
    absent = [cell for cell in summary.cells if not any(quality.per_fold for quality in cell.quality)]
    failed = any(cell.failed for cell in summary.cells)
    if failed or len(absent) == len(summary.cells) or any(cell.backend in explicit for cell in absent):
        raise typer.Exit(DID_NOT_RUN)
