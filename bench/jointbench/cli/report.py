"""`jointbench report`: a run's report, drawn anew from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.outcome import Format, finish


def report(
    folder: Path,
    rope: Annotated[
        Optional[list[str]],
        typer.Option(help="Decide anew with this difference, NUMBER or OUTPUT=NUMBER; default: as the run was asked."),
    ] = None,
    probability: Annotated[Optional[float], typer.Option(help="Decide anew with this probability.")] = None,
    worth: Annotated[Optional[float], typer.Option(help="Lean anew with this skill for half the cost.")] = None,
    format: Annotated[  # noqa: A002  # the option's name
        Format,
        typer.Option(help="What is printed beside the page: text; md: Markdown, for a comment; json, for a script."),
    ] = "text",
) -> None:
    """Redraws the report of a run from its records."""
    from jointbench.runs.folder import republish
    from jointbench.runs.opened_run import REPORT

    summary = republish(folder, tuple(rope or ()), probability, worth)
    finish(summary, folder / REPORT, (), format)
