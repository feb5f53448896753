"""`jointbench report`: a run's report, drawn anew from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from jointbench.cli.console import echo, make_console
from jointbench.cli.outcome import finish


def report(
    folder: Path,
    rope: Annotated[
        Optional[list[str]],
        typer.Option(help="Decide anew with this difference, NUMBER or OUTPUT=NUMBER; default: as the run was asked."),
    ] = None,
    probability: Annotated[Optional[float], typer.Option(help="Decide anew with this probability.")] = None,
    worth: Annotated[Optional[float], typer.Option(help="Lean anew with this skill for half the cost.")] = None,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["html", "md"],
        typer.Option(help="html: the page, and its first screen here; md: that screen as Markdown, for a comment."),
    ] = "html",
) -> None:
    """Redraws the report of a run from its records."""
    from jointbench.runs.folder import REPORT, republish

    summary = republish(folder, tuple(rope or ()), probability, worth)
    if format == "md":
        from jointbench.report.markdown import markdown_report

        echo(markdown_report(summary), end="")
        return
    finish(summary, make_console(), folder / REPORT, explicit=())
