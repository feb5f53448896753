"""How a command ends: the table, where the report is, and the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from jointbench.cli.console import echo, make_console

if TYPE_CHECKING:
    from jointbench.comparison.summary.run import Summary

DID_NOT_RUN = 4
Format = Literal["text", "md", "json"]


def finish(summary: Summary, report: Path, explicit: tuple[str, ...], format: Format = "text") -> None:  # noqa: A002  # the option's name
    """The answer at the end in the format asked for, and exit code 4 when nothing ran, every fit of something failed, or something asked for by
    name did not run.
    """
    if format == "text":
        from jointbench.report.terminal import terminal_report

        console = make_console()
        terminal_report(summary, console)
        console.print(f"Report: {report}", markup=False, highlight=False, soft_wrap=True)
    elif format == "md":
        from jointbench.report.markdown import markdown_report

        echo(markdown_report(summary), end="")
    else:
        from jointbench.report.verdict_json import json_report

        echo(json_report(summary, str(report)), end="")
    absent = [cell for cell in summary.cells if not any(quality.per_fold for quality in cell.quality)]
    failed = any(cell.failed for cell in summary.cells)
    if failed or len(absent) == len(summary.cells) or any(cell.backend in explicit for cell in absent):
        raise typer.Exit(DID_NOT_RUN)
