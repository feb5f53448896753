"""`jointbench pack`: a run, small enough to keep or to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.console import echo


def pack(
    folder: Path,
    publish: Annotated[
        Optional[Path],
        typer.Option(help="Instead, write the report and a brief summary, without records, to this folder."),
    ] = None,
) -> None:
    """Packs a run's records to keep; jointbench report and check read them in place of the written ones."""
    from jointbench.records.pack import pack as write_packed
    from jointbench.records.store import torn_line
    from jointbench.runs.about import about_run
    from jointbench.runs.publication import publish_brief

    about_run(folder)
    written = [write_packed(folder)] if publish is None else publish_brief(folder, publish)
    if torn_line(folder):
        echo("The last record is half written, and was left out.")
    for path in written:
        echo(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
